/** The union of the old and the new nft table: packets of both pass while routing changes. */
import { longSubnet, mergeSubnets, overlaps } from '../address/cidr.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import { type HostObject, objectKey } from '../kinds/index.ts';
import type { NftSet } from '../kinds/nft-table/schema.ts';
import { sameObject } from './compare.ts';
import { type NftObject, elementKey } from './nft-text.ts';
import { overlapsOneOf } from './overlaps.ts';

/**
 * The elements of both, and the wanted rules before those that were there and still matter.
 *
 * @param switched what a map has of both leads to where it is wanted, no more to where it led
 */
export function unionTable(
  actual: readonly NftObject[],
  wanted: readonly DesiredObject[],
  switched = false,
): DesiredObject[] {
  const found = new Map(actual.map((object) => [objectKey(object), object]));
  const keys = new Set(wanted.map(({ object }) => objectKey(object)));
  return [
    ...wanted.map(({ object, why }) => {
      const before = found.get(objectKey(object));
      return { object: unionOf(before, object, keys, switched), why };
    }),
    ...actual.filter((object) => !keys.has(objectKey(object))).map((object) => ({ object, why: '' })),
  ];
}

function unionOf(
  before: HostObject | undefined,
  after: HostObject,
  wanted: ReadonlySet<string>,
  switched: boolean,
): HostObject {
  if (after.kind === 'nft-set' && before?.kind === 'nft-set') return unionOfSets(before, after, switched);
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
function unionOfSets(before: NftSet, after: NftSet, switched: boolean): NftSet {
  // What stands in a set of another type is no element of this one.
  if (before.type.join(' ') !== after.type.join(' ') || before.verdicts !== after.verdicts) return after;
  if (sameObject(before, after)) return after;
  const old = new Map(before.elements.map((element) => [elementKey(element), element]));
  const wanted = new Set(after.elements.map(elementKey));
  const added = after.elements.filter((element) => !old.has(elementKey(element)));
  const leaving = before.elements.filter((element) => !wanted.has(elementKey(element)));
  const kept = after.exact ? leaving : apartFrom(added, leaving);
  const stays = switched
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

function elementsOverlap(a: string, b: string): boolean {
  const [as, bs] = [elementKey(a).split(' . '), elementKey(b).split(' . ')];
  return as.every((part, i) => partsOverlap(part, bs[i] ?? ''));
}

function partsOverlap(a: string, b: string): boolean {
  if (a.startsWith('"') || b.startsWith('"')) return a === b;
  return overlaps(longSubnet(a), longSubnet(b));
}
