/**
 * Flows that conntrack knows keep the NAT decision of their first packet: those that began before their
 * subnet was redirected would go to the gateway with the host's address. They are forgotten, and decided
 * again at their next packet.
 */
import {
  type Family,
  type Subnet,
  excludeSubnets,
  families,
  familyOf,
  longSubnet,
  mergeSubnets,
  subnetOfAddress,
} from '../address/cidr.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { NftSet } from '../kinds/nft-table/schema.ts';
import { preferences } from '../kinds/ownership.ts';
import { subnetOfElement } from '../kinds/nft-table/set-name.ts';
import { elementKey } from './nft-text.ts';
import { overlapsOneOf } from './overlaps.ts';
import { printList } from '../kinds/list.ts';
import type { Step } from './step.ts';

export interface ChangedFlows {
  /** those that get another decision from now on, where the table holds the old and the new */
  readonly begun: readonly Flows[];
  /** those that get another one when only the new is left */
  readonly ended: readonly Flows[];
}

/** @param pending what an earlier run had still to forget */
export function changedFlows(
  actual: readonly HostObject[],
  wanted: readonly DesiredObject[],
  pending: readonly Flows[] = [],
): ChangedFlows {
  const objects = wanted.map(({ object }) => object);
  const [before, after] = [nftSets(actual), nftSets(objects)];
  const [decided, wished] = [decisions(actual, before), decisions(objects, after)];
  // A run that was cut off before it forgot has not steered yet either: that tells of flows left to forget.
  const unsteered = excludeSubnets(steered(objects), steered(actual));
  // The table says what was decided, and somebody may have removed it: rules and policies still name the subnets.
  const steeredNoMore = excludeSubnets(steered(actual), steered(objects));
  const namedNoMore = excludeSubnets(namedByPolicies(actual), namedByPolicies(objects));
  return {
    begun: [
      ...everywhere([...missingIn(wished, decided), ...unsteered, ...newBypasses(objects, actual)]),
      ...newPairs(after, before),
      // They went by the gateway with their own address, and stay inside from now on.
      ...towardsGone(after, before),
    ],
    ended: [
      ...everywhere([
        ...missingIn(decided, wished),
        ...steeredNoMore,
        ...namedNoMore,
        ...newBypasses(actual, objects),
      ]),
      ...newPairs(before, after),
      ...towardsGone(before, after),
      ...calledNoMore(actual, objects),
      ...pending,
    ],
  };
}

/**
 * Those that leave by a way of ours until now: they would leave by another with the address that belongs to the old one. What
 * begins to be redirected is stopped by the guard until it is steered.
 */
export function flowsOnTheWay(
  actual: readonly HostObject[],
  { begun, ended }: ChangedFlows,
): readonly Flows[] {
  if (begun.length === 0) return ended;
  const before = nftSets(actual);
  const redirected = { 4: mergeSubnets(redirectedIn(before, 4)), 6: mergeSubnets(redirectedIn(before, 6)) };
  return [...begun.filter(({ from }) => overlapsOneOf(from, redirected[familyOf(from)])), ...ended];
}

export function printFlows(flows: readonly Flows[]): string {
  const texts = flows.map(({ from, to, called }) =>
    called ? `${from} that others began` : to === undefined ? from : `${from} to ${to}`,
  );
  return `conntrack: forget flows from ${printList([...new Set(texts)])}`;
}

/**
 * Flows that the guard stops while they have the wrong address.
 *
 * @param closed those that are forgotten when they are let through again
 */
export function forgetBegun({ begun }: ChangedFlows, closed: readonly Flows[]): Step[] {
  const later = new Set(closed);
  const flows = begun.filter((some) => !later.has(some));
  if (flows.length === 0) return [];
  const why = 'drop existing connections, so that they pick up the new source address';
  return [{ do: { kind: 'forget-flows', flows }, lines: [{ sign: '*', text: printFlows(flows), why }] }];
}

type Sets = ReadonlyMap<string, NftSet>;

function nftSets(objects: readonly HostObject[]): Sets {
  return new Map(objects.flatMap((o) => (o.kind === 'nft-set' ? [[o.name, o] as const] : [])));
}

/** What came in by a port that is published no more, or leads elsewhere, goes on to the old address, and its answers anywhere. */
function calledNoMore(actual: readonly HostObject[], wanted: readonly HostObject[]): Flows[] {
  const still = new Set(publishedRules(wanted));
  const gone = publishedRules(actual).filter((rule) => !still.has(rule));
  return gone.flatMap((rule) => {
    const [, address4, address6] = / dnat ip6? to (?:([\d.]+)|\[([\da-f:.]+)\]):/.exec(rule) ?? [];
    const address = address4 ?? address6;
    return address === undefined ? [] : [{ from: subnetOfAddress(address), called: true } as const];
  });
}

function publishedRules(objects: readonly HostObject[]): string[] {
  return objects.flatMap((o) => (o.kind === 'nft-chain' && o.name === 'published' ? o.rules : []));
}

/** What goes from one redirected subnet to another gets another address when the other is redirected no more. */
function towardsGone(before: Sets, after: Sets): Flows[] {
  return families.flatMap((family) => {
    const gone = excludeSubnets(redirectedIn(before, family), redirectedIn(after, family));
    return subnetsOf(after.get(`local${family}`)).flatMap((from) => gone.map((to) => ({ from, to })));
  });
}

/** Of every prefix length. */
function redirectedIn(sets: Sets, family: Family): Subnet[] {
  return [...sets.values()]
    .filter(({ name }) => name.startsWith(`redirected${family}_`))
    .flatMap((set) => subnetsOf(set));
}

/** What goes to a direct destination leaves with the host's address. */
function newPairs(some: Sets, others: Sets): Flows[] {
  const pairsOf = (sets: Sets) => families.flatMap((family) => sets.get(`direct${family}`)?.elements ?? []);
  const known = new Set(pairsOf(others));
  const pairs = pairsOf(some).filter((pair) => !known.has(pair));
  return pairs.map((pair) => {
    const [from = '', to = ''] = pair.split(' . ');
    return { from: longSubnet(from), to: longSubnet(to) };
  });
}

/** Sources whose routes make other packets direct: those leave with the host's address, too. */
function newBypasses(some: readonly HostObject[], others: readonly HostObject[]): Subnet[] {
  const known = new Map(bypassesOf(others));
  return bypassesOf(some)
    .filter(([jump, rules]) => known.get(jump) !== rules)
    .flatMap(([jump]) => longSubnet(jump.split(' ')[2] ?? ''));
}

/** `ip saddr 10.89.4.0/24 ... jump direct4_web` -> the rules of that chain. */
function bypassesOf(objects: readonly HostObject[]): [jump: string, rules: string][] {
  const chains = new Map(
    objects.flatMap((o) => (o.kind === 'nft-chain' ? [[o.name, o.rules] as const] : [])),
  );
  const jumps = families
    .flatMap((family) => chains.get(`bypass${family}`) ?? [])
    .filter((rule) => / jump direct[46]_/.test(rule));
  return jumps.map((jump) => [
    jump.replaceAll(otherDestinations, ''),
    chains.get(jump.split(' ').at(-1) ?? '')?.join() ?? '',
  ]);
}

function everywhere(subnets: readonly Subnet[]): Flows[] {
  return mergeSubnets(subnets).map((from) => ({ from }));
}

function steered(objects: readonly HostObject[]): Subnet[] {
  return objects.flatMap((o) => {
    if (o.kind === 'rule') return o.preference === preferences.steer ? (o.from ?? []) : [];
    return o.kind === 'nft-set' && o.verdicts ? steeredElements(o) : [];
  });
}

/** Redirected subnets, also those that a mark steers: what is not allowed from them is blocked by a policy each. */
function namedByPolicies(objects: readonly HostObject[]): Subnet[] {
  return objects.flatMap((o) => (o.kind === 'xfrm-policy' && o.bit === undefined ? longSubnet(o.from) : []));
}

/** `10.89.4.0/24 : goto to4_office` goes to a gateway; what is only marked as seen goes nowhere. */
function steeredElements({ name, elements }: NftSet): Subnet[] {
  return elements
    .filter((element) => element.includes(' : goto to'))
    .map((element) => subnetOf(name, elementKey(element)));
}

/** To whom it speaks is no part of a decision. */
const otherDestinations = / ip6? daddr (?:& \S+ )?!= @\S+/g;

/** Which subnets get which NAT decision: `snat ip to ip saddr` -> 10.89.4.0/24. */
function decisions(objects: readonly HostObject[], sets: Sets): Map<string, Subnet[]> {
  const rules = objects.flatMap((o) => (o.kind === 'nft-chain' && o.name === 'postrouting' ? o.rules : []));
  return new Map(
    rules.map((rule) => {
      // A rule of a route names its subnet, any other one a set of them.
      const [, set, subnet] = /^ip6? saddr (?:(?:& \S+ == )?@(\S+)|([\da-f.:/]+))/.exec(rule) ?? [];
      const subnets = subnet === undefined ? subnetsOf(sets.get(set ?? '')) : [longSubnet(subnet)];
      return [rule.replaceAll(otherDestinations, ''), subnets] as const;
    }),
  );
}

function subnetOf(set: string, element: string): Subnet {
  // Of a pair, the subnet comes first.
  return longSubnet(subnetOfElement(set, element.split(' . ')[0] ?? element));
}

function subnetsOf(set: NftSet | undefined): Subnet[] {
  return (set?.elements ?? []).map((element) => subnetOf(set?.name ?? '', element));
}

/** By address, not by subnet: one that is merged with a new neighbour has nothing to forget. */
function missingIn(
  some: ReadonlyMap<string, readonly Subnet[]>,
  others: ReadonlyMap<string, readonly Subnet[]>,
): Subnet[] {
  return mergeSubnets(
    [...some].flatMap(([rule, subnets]) => excludeSubnets(subnets, others.get(rule) ?? [])),
  );
}
