/** Marks of ownership: how our objects are recognised on a host, and their position among foreign objects. */

/** the `protocol` of our rules and routes; not in /etc/iproute2/rt_protos */
export const ownProtocol = 136;
/** the `priority` of our xfrm policies, which have no protocol: the lower is asked first */
export const ownPriorities = { allow: 136, block: 137 } as const;
/** the one nft table, family inet */
export const ownNftTable = 'mustredirect';
/** preferences of our rules, in the order in which the kernel walks them: DESIGN section 5 */
export const preferences = {
  hostErrors: 4000,
  hostErrorsClosed: 4001,
  bypass: 4010,
  inside: 4050,
  insideClosed: 4051,
  direct: 4060,
  steer: 4100,
  closed: 4200,
  end: 4999,
} as const;
/** those of `direct` and of routes: from `preferences.direct` on, by rank */
export const routePreferences: readonly number[] = Array.from(
  { length: 40 },
  (_, rank) => preferences.direct + rank,
);
/** RT_TABLE_MAIN */
export const mainTable = 254;
/** the last resort: any other route of the same destination comes first */
export const lastMetric = 0xffffffff;
/** elements that a set has room for when packets fill it: as many as nft gives one by itself */
export const dynamicSetSize = 65_535;

/** By this, `iptables` and we recognise a rule of ours in a chain of others. */
export const ownComment = ['-m', 'comment', '--comment', 'mustredirect'] as const;
