/** The other end of `uplink.routing`: a router that gives a member its default, and hears what is behind the gateway. */
import { type Family, anywhere, familyOf } from '../../address/cidr.ts';
import { addressOf, ofFamily } from '../../desired/addresses.ts';
import { linkNamed } from '../../desired/routing/neighbours.ts';
import { uplinkAddress } from '../../desired/bird/upstream.ts';
import type { UplinkBgp, UplinkOspf } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, RoutedGateway, RoutedUplink } from '../../topology/role.ts';
import { type OspfLink, type Router, type Session, servedFamilies, words } from './router.ts';

type Known = Pick<Facts, 'links'>;

/** One for each gateway whose uplink on this host has a routing protocol. */
export function upstreamRouters(role: HostRole, facts: Known): Router[] {
  return (role.routed ?? []).flatMap((gateway) =>
    gateway.uplink ? [upstreamRouter(role, gateway, gateway.uplink, facts)] : [],
  );
}

function upstreamRouter(
  { host, gateways }: HostRole,
  gateway: RoutedGateway,
  uplink: RoutedUplink,
  facts: Known,
): Router {
  const { routing, device } = uplink;
  const link = linkNamed(device, facts);
  const own = gateways.find(({ name }) => name === gateway.name)?.uplink;
  const end: End = {
    name: `${gateway.name}_${host}`,
    description: `mustredirect: gateway ${gateway.name}, member ${host}`,
    served: servedFamilies(gateway),
    uplink,
    // A tunnel has the same name at both ends, unless the router gives it one.
    device: own?.tunnel ? device : words.device,
    pointToPoint: own?.tunnel !== undefined || link?.ethernet === false,
    addresses: [...(link?.addresses ?? []), ...(own?.addresses ?? [])],
  };
  const router = {
    title: `upstream router of ${host}, a member of gateway ${gateway.name}`,
    sessions: routing.protocol === 'bgp' ? bgpSessions(end, routing) : [],
    links: routing.protocol === 'ospf' ? [ospfLink(end, routing)] : [],
    routes: [],
  };
  return { ...router, notes: notesOf(router, host, uplink) };
}

function notesOf(
  { sessions, links }: Pick<Router, 'sessions' | 'links'>,
  host: string,
  { routing, device }: RoutedUplink,
): string[] {
  const notes = [];
  if (sessions.some(({ peer }) => peer.startsWith(words.member)))
    notes.push(
      `replace ${words.member}_IPV4 and ${words.member}_IPV6 by the addresses of ${host} on ${device}`,
    );
  if (links.some((link) => link.device === words.device))
    notes.push(`replace ${words.device} by the interface that leads to ${device} of ${host}`);
  if (routing.passwordFile !== undefined)
    notes.push(`replace ${words.password} by the password in ${routing.passwordFile} on ${host}`);
  return notes;
}

interface End {
  readonly name: string;
  readonly description: string;
  readonly served: readonly Family[];
  readonly uplink: RoutedUplink;
  readonly device: string;
  readonly pointToPoint: boolean;
  /** of the member, on its uplink, as far as they are known */
  readonly addresses: readonly string[];
}

/** The member opens the connection: its own BGP daemon may listen on port 179. */
function bgpSessions(
  { name, description, served, uplink, addresses }: End,
  { as, peerAs, neighbors, passwordFile, bfd }: UplinkBgp,
): Session[] {
  return served.flatMap((family) => {
    const neighbor = neighbors.find((one) => familyOf(one) === family);
    if (neighbor === undefined) return [];
    const address = uplinkAddress(neighbor, addresses);
    return {
      name: `${name}_${family}`,
      description,
      family,
      as: peerAs,
      peerAs: as,
      peer: address === undefined ? `${words.member}_IPV${family}` : addressOf(address),
      port: 179,
      passive: true,
      ttlSecurity: false,
      ...(passwordFile === undefined ? {} : { password: words.password }),
      ...(bfd ? { bfd } : {}),
      accepted: ofFamily(uplink.announced, family),
      announced: [anywhere[family]],
    };
  });
}

function ospfLink(
  { name, description, served, uplink, device, pointToPoint }: End,
  { area, hello, dead, cost, passwordFile, bfd }: UplinkOspf,
): OspfLink {
  return {
    name,
    description,
    device,
    families: served,
    area,
    hello,
    dead,
    cost,
    pointToPoint,
    ...(passwordFile === undefined ? {} : { password: words.password }),
    ...(bfd ? { bfd } : {}),
    accepted: uplink.announced,
    announced: served.map((family) => anywhere[family]),
  };
}
