/**
 * Two chains of our table that stand while a plan changes what flows get of NAT: they drop what belongs to those flows, in both
 * directions, so that conntrack learns of none. An answer alone would make a flow the other way round, which no NAT changes.
 */
import {
  type Family,
  type Subnet,
  contains,
  families,
  familyOf,
  groupMerged,
  longSubnet,
  mergeSubnets,
  shortSubnet,
} from '../address/cidr.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import type { NftObject } from './nft-text.ts';

/** before chain `forward`: nothing of ours has counted yet what is closed for a moment */
const beforeForward = -2;

/** what comes for those who sent */
export const answersChain = 'closing_answers';

/**
 * @param local containers run on this host: what others have begun by a port that their engine publishes is none of it.
 *   Elsewhere ports are published by us.
 */
export function closingObjects(flows: readonly Flows[], local: boolean): NftObject[] {
  const closed = closedOf(flows);
  if (closed.length === 0) return [];
  const drop = 'counter drop';
  return [
    ...closed.flatMap((one) => [...setsOf(one), ...answerSetOf(one)]),
    chain('closing', [...publishedOf('reply', local), ...sentRules(closed, drop)]),
    chain(answersChain, [...publishedOf('original', local), ...answerRules(closed, drop)]),
  ];
}

/**
 * A connection does not outlive its way: the other end sees another address. Until it knows, it sends, and answers to that would
 * leave by the new way as they are. So all that a container sends of a connection ends it there, while it goes the old way.
 */
export function resetObjects(flows: readonly Flows[], local: boolean): NftObject[] {
  const closed = closedOf(flows);
  if (closed.length === 0) return [];
  const end = 'tcp flags & (syn | rst | ack) == ack tcp flags set rst | ack';
  return [
    ...closed.flatMap(setsOf),
    chain('closing_reset', [...publishedOf('reply', local), ...sentRules(closed, end)]),
  ];
}

/** Whether containers run on a host with such a table, or did before most of it went. */
export function hasContainers(objects: readonly NftObject[]): boolean {
  const published = publishedOf('reply', true);
  return objects.some((object) =>
    object.kind === 'nft-set'
      ? /^local[46]$/.test(object.name)
      : isClosing(object) && object.rules.some((rule) => published.includes(rule)),
  );
}

function publishedOf(direction: 'reply' | 'original', local: boolean): string[] {
  return local ? [`ct direction ${direction} ct status dnat return`] : [];
}

export function isClosing(object: HostObject): object is NftObject {
  return (
    (object.kind === 'nft-set' || object.kind === 'nft-chain') && /^closing(?:_|[46]|$)/.test(object.name)
  );
}

/** The flows that such chains were made for: what a run that was cut off has still to forget. */
export function closedFlows(objects: readonly HostObject[]): Flows[] {
  return objects.flatMap((object) =>
    object.kind === 'nft-set' && /^closing(?:_to)?[46]$/.test(object.name)
      ? object.elements.map(flowsOf)
      : [],
  );
}

function flowsOf(element: string): Flows {
  const [from = '', to] = element.split(' . ').map(longSubnet);
  return to === undefined ? { from } : { from, to };
}

interface Closed {
  readonly family: Family;
  /** to and from everywhere */
  readonly whole: readonly Subnet[];
  /** between two subnets; none overlaps another, as elements of one set must not */
  readonly pairs: readonly (readonly [Subnet, Subnet])[];
}

function closedOf(flows: readonly Flows[]): Closed[] {
  return families
    .map((family) => closedIn(family, flows))
    .filter(({ whole, pairs }) => whole.length + pairs.length > 0);
}

function closedIn(family: Family, flows: readonly Flows[]): Closed {
  const some = flows.filter(({ from }) => familyOf(from) === family);
  const whole = mergeSubnets(some.flatMap(({ from, to }) => (to === undefined ? [from] : [])));
  const toSome = some.flatMap(({ from, to }) => (to === undefined ? [] : [{ subnet: from, to }]));
  const pairs = groupMerged(toSome)
    .filter(({ merged }) => !whole.some((subnet) => contains(subnet, merged)))
    .flatMap(({ merged, items }) =>
      mergeSubnets(items.map(({ to }) => to)).map((to) => [merged, to] as const),
    );
  return { family, whole, pairs };
}

function setsOf({ family, whole, pairs }: Closed): NftSet[] {
  const address = `ipv${family}_addr`;
  // Counted: it tells who goes on sending.
  const wholeSet = { ...set(`closing${family}`, [address], whole.map(shortSubnet)), counted: true };
  const pairSet = set(
    `closing_to${family}`,
    [address, address],
    pairs.map((pair) => pair.map(shortSubnet).join(' . ')),
  );
  const inside = set(
    `closing_inside${family}`,
    [address, address],
    whole.map((subnet) => `${shortSubnet(subnet)} . ${shortSubnet(subnet)}`),
  );
  return [wholeSet, inside, pairSet].filter(({ elements }) => elements.length > 0);
}

/** The same subnets once more: an answer is not counted as something that was sent. */
function answerSetOf({ family, whole }: Closed): NftSet[] {
  return whole.length === 0
    ? []
    : [set(`${answersChain}${family}`, [`ipv${family}_addr`], whole.map(shortSubnet))];
}

/** What those that are closed send. */
function sentRules(closed: readonly Closed[], does: string): string[] {
  return rulesOf(closed, { own: 'saddr', other: 'daddr', whole: 'closing', does });
}

/** What comes for them. */
function answerRules(closed: readonly Closed[], does: string): string[] {
  return rulesOf(closed, { own: 'daddr', other: 'saddr', whole: answersChain, does });
}

interface Direction {
  readonly own: 'saddr' | 'daddr';
  readonly other: 'saddr' | 'daddr';
  /** the set of those that are closed to and from everywhere, without its family */
  readonly whole: string;
  readonly does: string;
}

/**
 * What is bridged inside a network is none of it: its neighbours, and what is for all of them. The set that counts is asked
 * last, since it counts whatever it is asked for.
 */
function rulesOf(closed: readonly Closed[], { own, other, whole: name, does }: Direction): string[] {
  return closed.flatMap(({ family, whole, pairs }) => {
    const ip = family === 4 ? 'ip' : 'ip6';
    const link = family === 6 ? `ip6 ${other} != fe80::/10 ` : '';
    const outside = `${link}${ip} ${own} . ${ip} ${other} != @closing_inside${family}`;
    return [
      ...(whole.length > 0 ? [`meta pkttype host ${outside} ${ip} ${own} @${name}${family} ${does}`] : []),
      ...(pairs.length > 0 ? [`${ip} ${own} . ${ip} ${other} @closing_to${family} ${does}`] : []),
    ];
  });
}

function set(name: string, type: readonly string[], elements: readonly string[]): NftSet {
  return { kind: 'nft-set', name, type, counted: false, elements };
}

function chain(name: string, rules: readonly string[]): NftChain {
  return {
    kind: 'nft-chain',
    name,
    hook: { type: 'filter', hook: 'forward', priority: beforeForward },
    rules,
  };
}
