/**
 * The nft part of a plan: first a table that holds the old and the new, then, when routing has changed, the
 * new alone. So a changed gateway has no moment in which the guard stops the good way, or lets a bad one by.
 */
import { type Subnet, longSubnet, mergeSubnets, overlaps } from '../address/cidr.ts';
import { rangeOf } from '../address/range.ts';
import type { Wanted } from '../desired/parts.ts';
import { type HostObject, type NftSet, objectKey } from '../state/objects.ts';
import { ownNftTable } from '../state/ownership.ts';
import { type Change, compareStates, sameObject } from './compare.ts';
import { type NftObject, changeTable, elementKey, isNftObject, replaceTable } from './nft-text.ts';
import { printChange } from './print.ts';
import type { PlanLine, Step } from './step.ts';

export interface NftSteps {
  readonly widen: readonly Step[];
  /** what was there goes by its new gateway */
  readonly turn: readonly Step[];
  readonly narrow: readonly Step[];
}

export function nftSteps(actual: readonly NftObject[], wanted: readonly Wanted[]): NftSteps {
  const both = wideTable(actual, wanted);
  const turned = wideTable(actual, wanted, true);
  const toldLater = new Set(compareStates(nftObjects(both), wanted).map(keyOf));
  return {
    widen: stepBetween(actual, both, (change) => !onlyMoves(change) || !toldLater.has(keyOf(change))),
    turn: stepBetween(nftObjects(both), turned),
    narrow: stepBetween(nftObjects(turned), wanted),
  };
}

function stepBetween(
  from: readonly NftObject[],
  to: readonly Wanted[],
  isTold: (change: Change) => boolean = () => true,
): Step[] {
  const changes = compareStates(from, to);
  if (changes.length === 0) return [];
  return [
    {
      do: { kind: 'nft', text: changeTable(from, nftObjects(to)) },
      // Whole and by itself right, whatever a failed step has left; only counters begin anew.
      undo: { kind: 'nft', text: replaceTable(from) },
      lines:
        from.length === 0 || to.length === 0
          ? [wholeTable(from, to)]
          : changes.filter(isTold).map(printChange),
    },
  ];
}

function keyOf(change: Change): string {
  return objectKey(change.kind === 'remove' ? change.from : change.to);
}

/** Wanted rules come before those that are still there; that alone is nothing to tell. */
function onlyMoves(change: Change): boolean {
  if (change.kind !== 'change' || change.from.kind !== 'nft-chain' || change.to.kind !== 'nft-chain')
    return false;
  const { from, to } = change;
  const sameHook = JSON.stringify(from.hook) === JSON.stringify(to.hook);
  return sameHook && from.foreign === undefined && to.rules.every((rule) => from.rules.includes(rule));
}

/** A table that comes or goes whole is one line: what it is for, not what it is made of. */
function wholeTable(from: readonly NftObject[], to: readonly Wanted[]): PlanLine {
  const objects = from.length === 0 ? nftObjects(to) : from;
  const chains = objects.filter(({ kind }) => kind === 'nft-chain').length;
  const text = `nft table inet ${ownNftTable}: ${objects.length - chains} sets, ${chains} chains`;
  const purposes = to.filter(({ object }) => object.kind === 'nft-chain' && purposeful.has(object.name));
  return from.length === 0
    ? { sign: '+', text, why: purposes.map(({ why }) => why).join('; ') }
    : { sign: '-', text, why: 'not wanted any more' };
}

/** the chains whose reason tells a reader what the table does */
const purposeful = new Set(['guard', 'postrouting', 'published']);

function nftObjects(wanted: readonly Wanted[]): NftObject[] {
  return wanted.map(({ object }) => object).filter(isNftObject);
}

/**
 * The elements of both, and the wanted rules before those that were there and still matter.
 *
 * @param turned what a map has of both leads to where it is wanted, no more to where it led
 */
export function wideTable(actual: readonly NftObject[], wanted: readonly Wanted[], turned = false): Wanted[] {
  const found = new Map(actual.map((object) => [objectKey(object), object]));
  const keys = new Set(wanted.map(({ object }) => objectKey(object)));
  return [
    ...wanted.map(({ object, why }) => {
      const before = found.get(objectKey(object));
      return { object: wideObject(before, object, keys, turned), why };
    }),
    ...actual.filter((object) => !keys.has(objectKey(object))).map((object) => ({ object, why: '' })),
  ];
}

function wideObject(
  before: HostObject | undefined,
  after: HostObject,
  wanted: ReadonlySet<string>,
  turned: boolean,
): HostObject {
  if (after.kind === 'nft-set' && before?.kind === 'nft-set') return wideSet(before, after, turned);
  if (after.kind !== 'nft-chain' || before?.kind !== 'nft-chain') return after;
  // What leaves by the old way still needs the address that belongs to it, and what goes nowhere stays stopped. Any other
  // rule may be somebody's.
  const kept =
    after.hook?.type === 'nat' ? before.rules : before.rules.filter((rule) => asksForGone(rule, wanted));
  return { ...after, rules: [...new Set([...after.rules, ...kept])] };
}

/** Of a family, or of a role, that this host has no more: what is wanted has no such set. */
function asksForGone(rule: string, wanted: ReadonlySet<string>): boolean {
  // `@th,192,32` is a field of a packet.
  return [...rule.matchAll(/@([\w.-]+)(?!,|[\w.-])/g)].some(([, name]) => !wanted.has(`nft-set ${name}`));
}

/** Intervals of one set must not overlap: an old element gives way to a new one that does. */
function wideSet(before: NftSet, after: NftSet, turned: boolean): NftSet {
  // What stands in a set of another type is no element of this one.
  if (before.type.join(' ') !== after.type.join(' ') || before.verdicts !== after.verdicts) return after;
  if (sameObject(before, after)) return after;
  const old = new Map(before.elements.map((element) => [elementKey(element), element]));
  const wanted = new Set(after.elements.map(elementKey));
  const added = after.elements.filter((element) => !old.has(elementKey(element)));
  const leaving = before.elements.filter((element) => !wanted.has(elementKey(element)));
  const kept = after.exact ? leaving : apartFrom(added, leaving);
  const stays = turned
    ? after.elements
    : after.elements.map((element) => old.get(elementKey(element)) ?? element);
  return { ...after, elements: [...stays, ...kept] };
}

/** Those of some elements that overlap none of others. Most overlap none, and of many that is found in one pass over both. */
function apartFrom(others: readonly string[], elements: readonly string[]): readonly string[] {
  const isOne = (element: string): boolean => /^[\da-f.:/]+$/.test(element);
  if (![...others, ...elements].every(isOne)) {
    return elements.filter((element) => !others.some((other) => elementsOverlap(element, other)));
  }
  const taken = mergeSubnets(others.map(longSubnet));
  return elements.filter((element) => !overlapsOneOf(longSubnet(element), taken));
}

/** @param sorted none of them overlaps another, in ascending order */
function overlapsOneOf(subnet: Subnet, sorted: readonly Subnet[]): boolean {
  const { start, end } = rangeOf(subnet);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rangeOf(sorted[middle] ?? '').end < start) low = middle + 1;
    else high = middle;
  }
  const next = sorted[low];
  return next !== undefined && rangeOf(next).start <= end;
}

function elementsOverlap(a: string, b: string): boolean {
  const [as, bs] = [elementKey(a).split(' . '), elementKey(b).split(' . ')];
  return as.every((part, i) => partsOverlap(part, bs[i] ?? ''));
}

function partsOverlap(a: string, b: string): boolean {
  if (a.startsWith('"') || b.startsWith('"')) return a === b;
  return overlaps(longSubnet(a), longSubnet(b));
}
