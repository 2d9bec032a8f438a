/**
 * Two chains of our table that stand while a plan changes what flows get of NAT: they drop what belongs to those flows, in both
 * directions, so that conntrack learns of none. An answer alone would make a flow the other way round, which no NAT changes.
 */
import { type Family, type Subnet, families, familyOf, prefixLength, wholeLength } from '../address/cidr.ts';
import { anyOf, fieldOf, firstAddress } from '../desired/nft/subnet-sets.ts';
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
    (object.kind === 'nft-set' || object.kind === 'nft-chain') && /^closing(?:[46]?_|$)/.test(object.name)
  );
}

/** The flows that such chains were made for: what a run that was cut off has still to forget. */
export function closedFlows(objects: readonly HostObject[]): Flows[] {
  return objects.flatMap((object) => (object.kind === 'nft-set' ? flowsIn(object) : []));
}

function flowsIn({ name, elements }: NftSet): Flows[] {
  const [, to, length, toLength] = /^closing(_to)?[46]_(\d+)(?:_(\d+))?$/.exec(name) ?? [];
  if (length === undefined) return [];
  return elements.map((element) => {
    const [from, other] = element.split(' . ');
    return { from: `${from}/${length}`, ...(to ? { to: `${other}/${toLength}` } : {}) };
  });
}

interface Closed {
  readonly family: Family;
  /** to and from everywhere */
  readonly whole: readonly Subnet[];
  readonly pairs: readonly (readonly [Subnet, Subnet])[];
}

function closedOf(flows: readonly Flows[]): Closed[] {
  return families
    .map((family) => closedIn(family, flows))
    .filter(({ whole, pairs }) => whole.length + pairs.length > 0);
}

function closedIn(family: Family, flows: readonly Flows[]): Closed {
  const some = flows.filter(({ from }) => familyOf(from) === family);
  return {
    family,
    whole: some.flatMap(({ from, to }) => (isEverywhere(to) ? [from] : [])),
    pairs: some.flatMap(({ from, to }) => (isEverywhere(to) ? [] : [[from, to] as const])),
  };
}

function isEverywhere(to: Subnet | undefined): to is undefined {
  return to === undefined || prefixLength(to) === 0;
}

function setsOf({ family, whole, pairs }: Closed): NftSet[] {
  return [
    // Counted: it tells who goes on sending.
    ...setsByLengths(`closing${family}`, whole.map(alone), true),
    ...setsByLengths(`closing_inside${family}`, whole.map(withItself)),
    ...setsByLengths(`closing_to${family}`, pairs),
  ];
}

/** The same subnets once more: an answer is not counted as something that was sent. */
function answerSetOf({ family, whole }: Closed): NftSet[] {
  return setsByLengths(`${answersChain}${family}`, whole.map(alone));
}

/** What those that are closed send. */
function sentRules(closed: readonly Closed[], does: string): string[] {
  return rulesOf(closed, { own: 'source', other: 'destination', whole: 'closing', does });
}

/** What comes for them. */
function answerRules(closed: readonly Closed[], does: string): string[] {
  return rulesOf(closed, { own: 'destination', other: 'source', whole: answersChain, does });
}

interface Direction {
  readonly own: 'source' | 'destination';
  readonly other: 'source' | 'destination';
  /** the sets of those that are closed to and from everywhere, without their family */
  readonly whole: string;
  readonly does: string;
}

/**
 * What is bridged inside a network is none of it: its neighbours, and what is for all of them. The set that counts is asked
 * last, since it counts whatever it is asked for.
 */
function rulesOf(closed: readonly Closed[], { own, other, whole: name, does }: Direction): string[] {
  return closed.flatMap(({ family, whole, pairs }) => {
    const link = family === 6 ? `${fieldOf(family, other, wholeLength(family))} != fe80::/10 ` : '';
    const both = ([length = 0, otherLength = 0]: readonly number[]): string =>
      `${fieldOf(family, own, length)} . ${fieldOf(family, other, otherLength)}`;
    return [
      ...byLengths(whole.map(withItself)).flatMap(({ lengths }) => {
        const outside = `${both(lengths)} != @${setName(`closing_inside${family}`, lengths)}`;
        return anyOf(family, own, `${name}${family}`, lengths.slice(0, 1)).map(
          (isOne) => `meta pkttype host ${link}${outside} ${isOne} ${does}`,
        );
      }),
      ...byLengths(pairs).map(
        ({ lengths }) => `${both(lengths)} @${setName(`closing_to${family}`, lengths)} ${does}`,
      ),
    ];
  });
}

function alone(subnet: Subnet): readonly Subnet[] {
  return [subnet];
}

function withItself(subnet: Subnet): readonly Subnet[] {
  return [subnet, subnet];
}

/**
 * Found by their hash. A new set of intervals is empty for some microseconds after the rules that ask for it are in force
 * [measured: docs/decisions/0036].
 */
function setsByLengths(name: string, tuples: readonly (readonly Subnet[])[], counted = false): NftSet[] {
  return byLengths(tuples).map(({ lengths, elements }) => ({
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

function byLengths(tuples: readonly (readonly Subnet[])[]): SameLengths[] {
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
