/** Numbers and names that identify our objects on a host, and their position among foreign objects. */

/** `protocol` of our rules and routes; not in /etc/iproute2/rt_protos */
export const ownProtocol = 136;
/** group of our links: the only mark that a link has from the moment of its creation [measured: an alias comes later] */
export const ownLinkGroup = 136;
/** `priority` of our xfrm policies, which have no protocol: the lower one is matched first */
export const ownPriorities = { allow: 136, block: 137 } as const;
/** our only nft table, family inet */
export const ownNftTable = 'mustredirect';
/** metric of the routes that our routing daemon adds: with their protocol, it tells them from those of another BIRD */
export const learnedMetric = 136;
/** RTPROT_BIRD of linux/rtnetlink.h */
export const birdProtocol = 12;
/** preferences of our rules, in the order of the kernel's lookup: DESIGN section 5 */
export const preferences = {
  hostErrors: 4000,
  hostErrorsClosed: 4001,
  bypass: 4010,
  probe: 4020,
  member: 4030,
  inside: 4050,
  insideClosed: 4051,
  direct: 4060,
  steer: 4100,
  closed: 4200,
  end: 4999,
} as const;
/** preferences of `direct` and of routes: from `preferences.direct` on, by rank */
export const routePreferences: readonly number[] = Array.from(
  { length: 40 },
  (_, rank) => preferences.direct + rank,
);
/** RT_TABLE_MAIN */
export const mainTable = 254;
/** lowest priority: any other route to the same destination is preferred */
export const lastMetric = 0xffffffff;
/** size of a set that packets fill: nft's default */
export const dynamicSetSize = 65_535;

/** Comment that identifies our rules in foreign chains, for `iptables` and for us. */
export const ownComment = ['-m', 'comment', '--comment', 'mustredirect'] as const;
