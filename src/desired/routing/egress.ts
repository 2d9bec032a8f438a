/**
 * Egresses: the next hops and devices by which subnets may leave, for the guard. Each egress has sets of the subnets
 * that may leave by it; one set of pairs would cost more the more it holds. Sets are named after next hop and device,
 * not after the gateway: if a gateway gets another next hop, the sets of the old one do not permit the new one. A next
 * hop matches only on its own link: with a foreign route that has no next hop, a packet to the gateway's own address
 * has that address as its next hop, on any device.
 */
import type { Family, Subnet } from '../../address/cidr.ts';
import { onceForEach } from '../../address/once.ts';
import { ipKeyword } from '../nft/ip-keyword.ts';
import {
  type Redirect,
  type EgressPaths,
  type ReturnPath,
  type Steered,
  joined,
  returnPathsIn,
  steeredSubnets,
} from '../redirect.ts';
import { type Field, isIn } from '../nft/subnet-sets.ts';

export interface Egress {
  /** part of its set names: `192.168.50.2_eth0`, `fe80--1_eth0`, `gre1` */
  readonly name: string;
  /** nft match: `rt ip nexthop 192.168.50.2 oifname "eth0"` */
  readonly match: string;
  /** subnets that leave by it unless a route says otherwise */
  readonly egress: readonly Subnet[];
  /** subnets that leave by it if a route says so */
  readonly routed: readonly Subnet[];
  /** the gateways of those routes */
  readonly gateways: ReadonlySet<string>;
}

/** @returns sorted by name */
export function egressesOf(family: Family, redirects: readonly Steered[]): Egress[] {
  const found = new Map<string, Collected>();
  const collect = (paths: EgressPaths): Collected[] =>
    namedPaths(family, paths).map((path) => {
      const known = found.get(path.name) ?? { ...path, egress: [], routed: [], gateways: new Set() };
      found.set(path.name, known);
      return known;
    });
  for (const redirect of redirects) {
    const { steer } = redirect;
    if (!steer) continue;
    for (const { egress } of collect(steer)) egress.push(steeredSubnets(redirect));
    for (const gatewayEgress of steer.policyRoutes?.egresses ?? []) {
      for (const { routed, gateways } of collect(gatewayEgress)) {
        routed.push(gatewayEgress.subnets);
        gateways.add(gatewayEgress.gateway);
      }
    }
  }
  return [...found.values()]
    .map((one) => ({ ...one, egress: joined(one.egress), routed: joined(one.routed) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Collected {
  readonly name: string;
  readonly match: string;
  readonly egress: (readonly Subnet[])[];
  readonly routed: (readonly Subnet[])[];
  readonly gateways: Set<string>;
}

function namedPaths(
  family: Family,
  { hops, devices }: EgressPaths,
): readonly { readonly name: string; readonly match: string }[] {
  return [
    ...hops.map(({ via, device }) => ({
      name: `${nameOf(via)}_${nameOf(device)}`,
      match: `rt ${ipKeyword(family)} nexthop ${via} oifname "${device}"`,
    })),
    ...devices.map((device) => ({ name: nameOf(device), match: `oifname "${device}"` })),
  ];
}

/** nft names cannot contain colons. */
function nameOf(text: string): string {
  return text
    .replaceAll(':', '-')
    .replace(/[^\w.-]/g, (character) => `_${character.codePointAt(0)?.toString(16) ?? ''}_`);
}

export function egressSet(family: Family, what: 'egress' | 'routed', { name }: Egress): string {
  return `${what}${family}_${name}`;
}

/** Rules for packets that leave by an egress. The egress is matched first, because there are many subnets. */
export function egressRules(
  family: Family,
  egresses: readonly Egress[],
  what: 'egress' | 'routed',
  verdict: 'accept' | 'return',
): string[] {
  return egresses
    .filter((egress) => egress[what].length > 0)
    .flatMap((egress) =>
      isIn({ family, name: egressSet(family, what, egress), subnets: egress[what] }, 'source').map(
        (source) => `${egress.match} ${source} ${verdict}`,
      ),
    );
}

/** Name of the set of subnets of other hosts, each with next hop and link. */
export function returnSet(family: Family): string {
  return `return${family}`;
}

/** Match for packets that go to the node that has their destination; one for each prefix length. */
export function goesToNode(family: Family, redirects: readonly Redirect[]): string[] {
  const subnets = subnetsOfPaths(returnPathsIn(redirects));
  const extraKey = `rt ${ipKeyword(family)} nexthop . oifname`;
  return isIn({ family, name: returnSet(family), subnets, extraKey }, 'destination');
}

const subnetsOfPaths = onceForEach((paths: readonly ReturnPath[]): readonly Subnet[] =>
  paths.map(({ subnet }) => subnet),
);

/** Name of the set of a gateway's subnets, without counters. Chains other than the guard use it. */
export function servedSet(family: Family, gateway: string): string {
  return `served${family}_${gateway}`;
}

/** The subnets of each gateway. */
export function servedSubnets(redirects: readonly Steered[]): ReadonlyMap<string, readonly Subnet[]> {
  const served = new Map<string, (readonly Subnet[])[]>();
  for (const { steer, subnets } of redirects) {
    if (!steer) continue;
    const known = served.get(steer.gateway);
    if (known) known.push(subnets);
    else served.set(steer.gateway, [subnets]);
  }
  return new Map([...served].map(([gateway, lists]) => [gateway, joined(lists)]));
}

/** Match for a field with an address of a gateway's subnets; one for each prefix length. */
export function isServed(
  family: Family,
  field: Field,
  gateway: string,
  subnets: readonly Subnet[],
): string[] {
  return isIn({ family, name: servedSet(family, gateway), subnets }, field);
}

/** Name of the set of subnets that use a gateway unless a route says otherwise, if those are not all of its subnets. */
export function defaultSubnetsSet(family: Family, gateway: string): string {
  return `default${family}_${gateway}`;
}

/** Like `isServed`, for packets that no route matches. */
export function isUsuallyServed(
  family: Family,
  field: Field,
  gateway: string,
  { steer, subnets }: Steered,
): string[] {
  if (!steer?.defaultSubnets) return isServed(family, field, gateway, subnets);
  return isIn({ family, name: defaultSubnetsSet(family, gateway), subnets: steer.defaultSubnets }, field);
}
