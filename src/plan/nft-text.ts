/** nft texts that lead from one version of our table to another, each one transaction. */
import type { HostObject } from '../kinds/index.ts';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import { dynamicSetSize, ownNftTable } from '../kinds/ownership.ts';
import { quotedFieldOf, droppedOf } from '../kinds/nft-table/set-name.ts';
import { sameObject } from './compare.ts';

export type NftObject = NftSet | NftChain;

export function isNftObject(object: HostObject): object is NftObject {
  return object.kind === 'nft-set' || object.kind === 'nft-chain';
}

const table = `inet ${ownNftTable}`;

/** The smallest change: counters of what stays are kept. */
export function changeTable(from: readonly NftObject[], to: readonly NftObject[]): string {
  if (to.length === 0) return `delete table ${table}\n`;
  if (from.length === 0) return [`add table ${table}`, ...declareAll(to), ...to.flatMap(fill), ''].join('\n');
  const before = new Map(from.map((object) => [nameOf(object), object]));
  if (to.some((object) => shapeDiffers(before.get(nameOf(object)), object))) return replaceTable(to);
  const after = new Set(to.map(nameOf));
  const gone = from.filter((object) => !after.has(nameOf(object)));
  return [
    ...declareAll(to.filter((object) => !before.has(nameOf(object)))),
    ...to.flatMap((object) => refill(before.get(nameOf(object)), object)),
    ...to.flatMap((object) => forgetCounts(before, object)),
    // A chain can go when nothing jumps to it, a set when no rule names it: rules first.
    ...gone.filter(isChain).map(({ name }) => `flush chain ${table} ${name}`),
    ...gone.map((object) => `delete ${wordFor(object)} ${table} ${object.name}`),
    '',
  ].join('\n');
}

/** The whole table anew, whatever is there: nft 1.0.6 has no `destroy`, so it is added, then deleted. */
export function replaceTable(to: readonly NftObject[]): string {
  const away = `add table ${table}\ndelete table ${table}\n`;
  return to.length === 0 ? away : away + changeTable([], to);
}

/**
 * Adds objects to whatever the table holds by then: nothing that closes until then goes in the same transaction, so there is no
 * packet that neither the old nor the new stops.
 */
export function addToTable(objects: readonly NftObject[]): string {
  const chains = objects.filter(isChain).map(({ name }) => `flush chain ${table} ${name}`);
  return [`add table ${table}`, ...declareAll(objects), ...chains, ...objects.flatMap(fill), ''].join('\n');
}

/** Chains first: nft 1.0.6 makes a map together with its elements, and those lead to chains. */
function declareAll(objects: readonly NftObject[]): string[] {
  return [...objects.filter(isChain), ...objects.filter((object) => !isChain(object))].map(declare);
}

function declare(object: NftObject): string {
  return isChain(object) ? declareChain(object) : declareSet(object);
}

function wordFor(object: NftObject): 'chain' | 'map' | 'set' {
  if (isChain(object)) return 'chain';
  return object.verdicts ? 'map' : 'set';
}

function declareSet(set: NftSet): string {
  const { name, type, counted, verdicts, exact, dynamic } = set;
  // An integer is as wide as the field that it is compared with.
  const field = type[0] === 'integer' ? quotedFieldOf(name) : undefined;
  const types = `${field === undefined ? `type ${type.join(' . ')}` : `typeof ${field}`}${verdicts ? ' : verdict' : ''}`;
  return `add ${wordFor(set)} ${table} ${name} { ${types};${exact ? '' : ' flags interval;'}${dynamic ? ` size ${dynamicSetSize}; flags dynamic;` : ''}${counted ? ' counter;' : ''} }`;
}

function declareChain({ name, hook }: NftChain): string {
  if (!hook) return `add chain ${table} ${name}`;
  const { type, hook: place, priority, policy = 'accept' } = hook;
  return `add chain ${table} ${name} { type ${type} hook ${place} priority ${priority}; policy ${policy}; }`;
}

function fill(object: NftObject): string[] {
  return isChain(object) ? fillChain(object) : elementLines('add', object.name, object.elements);
}

function refill(from: NftObject | undefined, to: NftObject): string[] {
  if (!from) return fill(to);
  if (sameObject(from, to)) return [];
  if (isChain(to)) return [`flush chain ${table} ${to.name}`, ...fillChain(to)];
  const before = new Set((from as NftSet).elements);
  const after = new Set(to.elements);
  return [
    // Deleted first: an element that overlaps one of them may take its place.
    ...elementLines('delete', to.name, [...before].filter((element) => !after.has(element)).map(elementKey)),
    ...elementLines(
      'add',
      to.name,
      [...after].filter((element) => !before.has(element)),
    ),
  ];
}

/**
 * What was stopped of a subnet that goes is not to be told of the next one that has its addresses. Added first: most have no
 * element, and what is not there cannot be deleted.
 */
function forgetCounts(before: ReadonlyMap<string, NftObject>, to: NftObject): string[] {
  const from = before.get(nameOf(to));
  if (isChain(to) || !from || isChain(from)) return [];
  const counts = droppedOf(to.name);
  if (counts === undefined || !before.has(`nft-set ${counts}`)) return [];
  const stay = new Set(to.elements);
  const gone = from.elements.filter((element) => !stay.has(element));
  return [...elementLines('add', counts, gone), ...elementLines('delete', counts, gone)];
}

function fillChain({ name, rules }: NftChain): string[] {
  return rules.map((rule) => `add rule ${table} ${name} ${rule}`);
}

/** Of an element of a map, what leads to its verdict. */
export function elementKey(element: string): string {
  const end = element.indexOf(' : ');
  return end < 0 ? element : element.slice(0, end);
}

function elementLines(verb: 'add' | 'delete', set: string, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ${table} ${set} { ${elements.join(', ')} }`];
}

/** A set's type and a chain's hook are given when it is made and cannot be changed; what is foreign we have no text for. */
function shapeDiffers(from: NftObject | undefined, to: NftObject): boolean {
  if (!from) return false;
  return from.foreign !== undefined || declare(from) !== declare(to);
}

function nameOf(object: NftObject): string {
  return `${object.kind} ${object.name}`;
}

function isChain(object: NftObject): object is NftChain {
  return object.kind === 'nft-chain';
}
