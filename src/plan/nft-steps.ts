/**
 * The nft part of a plan: first a table that holds the old and the new, then, when routing has changed, the
 * new alone. So a changed gateway has no moment in which the guard stops the good way, or lets a bad one by.
 */
import { overlaps, type Subnet } from '../address/cidr.ts';
import type { Wanted } from '../desired/desired.ts';
import { type NftSet, objectKey } from '../state/objects.ts';
import { ownNftTable } from '../state/ownership.ts';
import { compareStates } from './compare.ts';
import { type NftObject, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import { printChange } from './print.ts';
import type { PlanLine, Step } from './step.ts';

export interface NftSteps {
  readonly widen: readonly Step[];
  readonly narrow: readonly Step[];
}

export function nftSteps(actual: readonly NftObject[], wanted: readonly Wanted[]): NftSteps {
  const both = wideTable(actual, wanted);
  return { widen: stepBetween(actual, both), narrow: stepBetween(nftObjects(both), wanted) };
}

function stepBetween(from: readonly NftObject[], to: readonly Wanted[]): Step[] {
  const changes = compareStates(from, to);
  if (changes.length === 0) return [];
  return [
    {
      do: { kind: 'nft', text: changeTable(from, nftObjects(to)) },
      // Whole and by itself right, whatever a failed step has left; only counters begin anew.
      undo: { kind: 'nft', text: replaceTable(from) },
      lines: from.length === 0 || to.length === 0 ? [wholeTable(from, to)] : changes.map(printChange),
    },
  ];
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
const purposeful = new Set(['guard', 'postrouting']);

function nftObjects(wanted: readonly Wanted[]): NftObject[] {
  return wanted.map(({ object }) => object).filter(isNftObject);
}

/** The wanted chains over the elements of both. */
function wideTable(actual: readonly NftObject[], wanted: readonly Wanted[]): Wanted[] {
  const found = new Map(actual.map((object) => [objectKey(object), object]));
  const keys = new Set(wanted.map(({ object }) => objectKey(object)));
  return [
    ...wanted.map(({ object, why }) => {
      const before = found.get(objectKey(object));
      const wide = object.kind === 'nft-set' && before?.kind === 'nft-set' ? wideSet(before, object) : object;
      return { object: wide, why };
    }),
    ...actual.filter((object) => !keys.has(objectKey(object))).map((object) => ({ object, why: '' })),
  ];
}

/** Intervals of one set must not overlap: an old element gives way to a new one that does. */
function wideSet(before: NftSet, after: NftSet): NftSet {
  const added = after.elements.filter((element) => !before.elements.includes(element));
  const kept = before.elements.filter(
    (element) => after.elements.includes(element) || !added.some((other) => elementsOverlap(element, other)),
  );
  return { ...after, elements: [...new Set([...after.elements, ...kept])] };
}

function elementsOverlap(a: string, b: string): boolean {
  const [as, bs] = [a.split(' . '), b.split(' . ')];
  return as.every((part, i) => partsOverlap(part, bs[i] ?? ''));
}

function partsOverlap(a: string, b: string): boolean {
  if (a.startsWith('"') || b.startsWith('"')) return a === b;
  return overlaps(asSubnet(a), asSubnet(b));
}

function asSubnet(text: string): Subnet {
  return text.includes('/') ? text : `${text}/32`;
}
