/** Union of the old and the new nft table: packets of both pass while routing changes. */
import { longSubnet, mergeSubnets, overlaps } from '../address/cidr.ts';
import { onceForEach } from '../address/once.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import { type HostObject, objectKey } from '../kinds/index.ts';
import type { NftSet } from '../kinds/nft-table/schema.ts';
import { sameObject } from './compare.ts';
import { type NftObject, elementKey } from './nft-text.ts';
import { overlapsAny } from './overlaps.ts';

/**
 * Sets have the elements of both tables; chains have the wanted rules, then those old rules that still matter.
 *
 * @param switched map elements in both tables have their new target instead of the old one
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
      return { object: unionOfObjects(before, object, keys, switched), why };
    }),
    ...actual.filter((object) => !keys.has(objectKey(object))).map((object) => ({ object, why: '' })),
  ];
}

function unionOfObjects(
  before: HostObject | undefined,
  after: HostObject,
  wanted: ReadonlySet<string>,
  switched: boolean,
): HostObject {
  if (after.kind === 'nft-set' && before?.kind === 'nft-set') return unionOfSets(before, after, switched);
  if (after.kind !== 'nft-chain' || before?.kind !== 'nft-chain') return after;
  // Packets on the old egress still need its source address, and packets of removed families or roles stay blocked.
  // Other old rules may be foreign.
  const kept =
    after.hook?.type === 'nat' ? before.rules : before.rules.filter((rule) => namesRemovedSet(rule, wanted));
  return { ...after, rules: [...new Set([...after.rules, ...kept])] };
}

/** Whether a rule looks up a set of a family or role that this host no longer has. */
function namesRemovedSet(rule: string, wanted: ReadonlySet<string>): boolean {
  // `@th,192,32` is a field of a packet, not a set.
  return [...rule.matchAll(/@([\w.-]+)(?!,|[\w.-])/g)].some(([, name]) => !wanted.has(`nft-set ${name}`));
}

/** Intervals of one set must not overlap: a new element replaces old ones that it overlaps. */
function unionOfSets(before: NftSet, after: NftSet, switched: boolean): NftSet {
  // Elements of a set of another type do not fit.
  if (before.type.join(' ') !== after.type.join(' ') || before.verdicts !== after.verdicts) return after;
  if (sameObject(before, after)) return after;
  const oldByKey = elementsByKey(before.elements);
  const wantedKeys = elementsByKey(after.elements);
  const added = after.elements.filter((element) => !oldByKey.has(elementKey(element)));
  const leaving = before.elements.filter((element) => !wantedKeys.has(elementKey(element)));
  const kept = after.exact ? leaving : withoutOverlaps(added, leaving);
  const stays =
    switched || !after.verdicts
      ? after.elements
      : after.elements.map((element) => oldByKey.get(elementKey(element)) ?? element);
  // What the next comparison finds to be the same object costs nothing.
  return kept.length === 0 && stays === after.elements ? after : { ...after, elements: [...stays, ...kept] };
}

const elementsByKey = onceForEach(
  (elements: readonly string[]): ReadonlyMap<string, string> =>
    new Map(elements.map((element) => [elementKey(element), element])),
);

/** Elements that overlap none of the others; plain addresses are compared in one pass over both lists. */
function withoutOverlaps(others: readonly string[], elements: readonly string[]): readonly string[] {
  const isSubnet = (element: string): boolean => /^[\da-f.:/]+$/.test(element);
  if (![...others, ...elements].every(isSubnet)) {
    return elements.filter((element) => !others.some((other) => elementsOverlap(element, other)));
  }
  const merged = mergeSubnets(others.map(longSubnet));
  return elements.filter((element) => !overlapsAny(longSubnet(element), merged));
}

function elementsOverlap(a: string, b: string): boolean {
  const [as, bs] = [elementKey(a).split(' . '), elementKey(b).split(' . ')];
  return as.every((part, i) => partsOverlap(part, bs[i] ?? ''));
}

function partsOverlap(a: string, b: string): boolean {
  if (a.startsWith('"') || b.startsWith('"')) return a === b;
  return overlaps(longSubnet(a), longSubnet(b));
}
