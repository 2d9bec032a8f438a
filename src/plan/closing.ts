/**
 * Closing chains: while a plan changes the NAT decision of flows, they drop the packets of these flows in both
 * directions, so that conntrack creates no entry. A reply alone would create an entry in the opposite direction, whose
 * packets skip NAT.
 */
import {
  type Family,
  type Subnet,
  families,
  familyOf,
  prefixLength,
  fullPrefixLength,
} from '../address/cidr.ts';
import { anyOf, fieldOf, firstAddress } from '../desired/nft/subnet-sets.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { localSet } from '../kinds/nft-table/set-name.ts';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import type { NftObject } from './nft-text.ts';

/** before chain `forward`, whose counters must not include packets that are closed for a moment only */
const beforeForward = -2;

/** chain that drops packets to closed subnets: replies */
export const repliesChain = 'closing_replies';

/**
 * @param local whether containers run on this host: then connections to ports that their engine publishes still pass.
 *   On other hosts, published ports are ours.
 */
export function closingObjects(flows: readonly Flows[], local: boolean): NftObject[] {
  const closed = closedByFamily(flows);
  if (closed.length === 0) return [];
  const drop = 'counter drop';
  return [
    ...closed.flatMap((one) => [...closingSets(one), ...replySets(one)]),
    chain('closing', [...passPublished('reply', local), ...closingRules(closed, outgoing, drop)]),
    chain(repliesChain, [...passPublished('original', local), ...closingRules(closed, replies, drop)]),
  ];
}

/**
 * Chain that turns the TCP packets of containers into resets. A connection cannot survive a change of its source
 * address, but the other end keeps sending until it is reset, and replies would leave by the new egress unchanged. The
 * reset therefore leaves while packets still take the old egress.
 */
export function resetObjects(flows: readonly Flows[], local: boolean): NftObject[] {
  const closed = closedByFamily(flows);
  if (closed.length === 0) return [];
  const reset = 'tcp flags & (syn | rst | ack) == ack tcp flags set rst | ack';
  return [
    ...closed.flatMap(closingSets),
    chain('closing_reset', [...passPublished('reply', local), ...closingRules(closed, outgoing, reset)]),
  ];
}

/** Whether containers run on a host with this table; an interrupted run may have left the closing chains only. */
export function hasContainers(objects: readonly NftObject[]): boolean {
  const published = passPublished('reply', true);
  return objects.some((object) =>
    object.kind === 'nft-set'
      ? families.some((family) => object.name === localSet(family))
      : isClosing(object) && object.rules.some((rule) => published.includes(rule)),
  );
}

function passPublished(direction: 'reply' | 'original', local: boolean): string[] {
  return local ? [`ct direction ${direction} ct status dnat return`] : [];
}

export function isClosing(object: HostObject): object is NftObject {
  return (object.kind === 'nft-set' || object.kind === 'nft-chain') && object.name.startsWith('closing');
}

/** Flows of the closing sets on a host, whose entries an interrupted run with a lost ledger still had to delete. */
export function flowsOfClosingSets(objects: readonly HostObject[]): Flows[] {
  const sets = new Map(
    objects.flatMap((o) => (o.kind === 'nft-set' && isClosing(o) ? [[o.name, o.elements] as const] : [])),
  );
  if (sets.size === 0) return [];
  return families.flatMap((family) => {
    const lengths = Array.from({ length: fullPrefixLength(family) + 1 }, (_, length) => length);
    const elements = (name: string, of: readonly number[]): string[][] =>
      (sets.get(setName(name, of)) ?? []).map((element) =>
        element.split(' . ').map((address, index) => `${address}/${of[index]}`),
      );
    return [
      ...lengths.flatMap((length) => elements(`closing${family}`, [length])),
      ...lengths.flatMap((length) =>
        lengths.flatMap((other) => elements(`closing_to${family}`, [length, other])),
      ),
    ].map(([from = '', to]) => (to === undefined ? { from } : { from, to }));
  });
}

/** Subnets that are closed for all destinations, each with the set and the element that count its packets. */
export function closedCounters(flows: readonly Flows[]): { set: string; element: string; subnet: Subnet }[] {
  return closedByFamily(flows).flatMap(({ family, sources }) =>
    sources.map((subnet) => ({
      set: setName(`closing${family}`, [prefixLength(subnet)]),
      element: firstAddress(subnet),
      subnet,
    })),
  );
}

interface ClosedSubnets {
  readonly family: Family;
  /** subnets that are closed for all destinations */
  readonly sources: readonly Subnet[];
  /** sources that are closed for one destination only */
  readonly pairs: readonly (readonly [source: Subnet, destination: Subnet])[];
}

function closedByFamily(flows: readonly Flows[]): ClosedSubnets[] {
  return families.flatMap((family) => {
    const ofFamily = flows.filter(({ from }) => familyOf(from) === family);
    const sources = ofFamily.flatMap(({ from, to }) => (isAnywhere(to) ? [from] : []));
    const pairs = ofFamily.flatMap(({ from, to }) => (isAnywhere(to) ? [] : [[from, to] as const]));
    return ofFamily.length === 0 ? [] : [{ family, sources, pairs }];
  });
}

function isAnywhere(to: Subnet | undefined): to is undefined {
  return to === undefined || prefixLength(to) === 0;
}

function closingSets({ family, sources, pairs }: ClosedSubnets): NftSet[] {
  return [
    // The counters show which subnets still send.
    ...setsByPrefixLengths(
      `closing${family}`,
      sources.map((subnet) => [subnet]),
      true,
    ),
    ...setsByPrefixLengths(
      `closing_inside${family}`,
      sources.map((subnet) => [subnet, subnet]),
    ),
    ...setsByPrefixLengths(`closing_to${family}`, pairs),
  ];
}

/** The same subnets in sets of their own, so that the counters above exclude replies. */
function replySets({ family, sources }: ClosedSubnets): NftSet[] {
  return setsByPrefixLengths(
    `${repliesChain}${family}`,
    sources.map((subnet) => [subnet]),
  );
}

/** packets from closed subnets; `sets`: names of the sets of closed subnets, without the family */
const outgoing = { own: 'source', other: 'destination', sets: 'closing' } as const;
/** packets to closed subnets */
const replies = { own: 'destination', other: 'source', sets: repliesChain } as const;

/**
 * Packets that are bridged inside a network (to neighbours, multicast, broadcast) do not match. The counting set comes
 * last in its rule, since each lookup of a counted element counts.
 */
function closingRules(
  closed: readonly ClosedSubnets[],
  { own, other, sets }: typeof outgoing | typeof replies,
  statement: string,
): string[] {
  return closed.flatMap(({ family, sources, pairs }) => {
    const notLinkLocal =
      family === 6 ? `${fieldOf(family, other, fullPrefixLength(family))} != fe80::/10 ` : '';
    const addresses = ([length = 0, otherLength = 0]: readonly number[]): string =>
      `${fieldOf(family, own, length)} . ${fieldOf(family, other, otherLength)}`;
    return [
      ...groupByPrefixLengths(sources.map((subnet) => [subnet, subnet])).flatMap(({ lengths }) => {
        const notInside = `${addresses(lengths)} != @${setName(`closing_inside${family}`, lengths)}`;
        return anyOf(family, own, `${sets}${family}`, lengths.slice(0, 1)).map(
          (match) => `meta pkttype host ${notLinkLocal}${notInside} ${match} ${statement}`,
        );
      }),
      ...groupByPrefixLengths(pairs).map(
        ({ lengths }) => `${addresses(lengths)} @${setName(`closing_to${family}`, lengths)} ${statement}`,
      ),
    ];
  });
}

/**
 * Hash sets, since a new interval set is empty for some microseconds after the rules that look it up are in force
 * [measured: docs/decisions/0036].
 */
function setsByPrefixLengths(
  name: string,
  tuples: readonly (readonly Subnet[])[],
  counted = false,
): NftSet[] {
  return groupByPrefixLengths(tuples).map(({ lengths, elements }) => ({
    kind: 'nft-set',
    name: setName(name, lengths),
    exact: true,
    type: lengths.map(() => `ipv${familyOf(tuples[0]?.[0] ?? '')}_addr`),
    counted,
    elements: [...elements],
  }));
}

function setName(name: string, lengths: readonly number[]): string {
  return [name, ...lengths].join('_');
}

interface SameLengths {
  readonly lengths: readonly number[];
  readonly elements: Set<string>;
}

function groupByPrefixLengths(tuples: readonly (readonly Subnet[])[]): SameLengths[] {
  const groups = new Map<string, SameLengths>();
  for (const subnets of tuples) {
    const lengths = subnets.map(prefixLength);
    const group = groups.get(lengths.join()) ?? { lengths, elements: new Set() };
    groups.set(lengths.join(), group);
    group.elements.add(subnets.map(firstAddress).join(' . '));
  }
  return [...groups.values()];
}

function chain(name: string, rules: readonly string[]): NftChain {
  return {
    kind: 'nft-chain',
    name,
    hook: { type: 'filter', hook: 'forward', priority: beforeForward },
    rules,
  };
}
