/** nft texts that change our table from one version to another, each in one transaction. */
import { asSet } from '../address/once.ts';
import { type HostObject, objectKey } from '../kinds/index.ts';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import { dynamicSetSize, ownNftTable } from '../kinds/ownership.ts';
import { integerFieldOf, droppedOf } from '../kinds/nft-table/set-name.ts';
import { sameObject } from './compare.ts';

export type NftObject = NftSet | NftChain;

export function isNftObject(object: HostObject): object is NftObject {
  return object.kind === 'nft-set' || object.kind === 'nft-chain';
}

const table = `inet ${ownNftTable}`;

/** Smallest change, which keeps the counters of unchanged objects. */
export function changeTable(from: readonly NftObject[], to: readonly NftObject[]): string {
  if (to.length === 0) return `delete table ${table}\n`;
  if (from.length === 0)
    return [`add table ${table}`, ...declareAll(to), ...to.flatMap(contentLines), ''].join('\n');
  const before = new Map(from.map((object) => [objectKey(object), object]));
  if (to.some((object) => mustRecreate(before.get(objectKey(object)), object))) return replaceTable(to);
  const after = new Set(to.map(objectKey));
  const gone = from.filter((object) => !after.has(objectKey(object)));
  return [
    ...declareAll(to.filter((object) => !before.has(objectKey(object)))),
    ...to.flatMap((object) => updateLines(before.get(objectKey(object)), object)),
    ...to.flatMap((object) => resetDropCounters(before, object)),
    // nft deletes a chain only without jumps to it, and a set only without rules that name it: rules are deleted first.
    ...gone.filter(isChain).map(({ name }) => `flush chain ${table} ${name}`),
    ...gone.map((object) => `delete ${nftKeyword(object)} ${table} ${object.name}`),
    '',
  ].join('\n');
}

/** Replaces the whole table, if any: nft 1.0.6 lacks `destroy`, so the text adds the table before it deletes it. */
export function replaceTable(to: readonly NftObject[]): string {
  const deletion = `add table ${table}\ndelete table ${table}\n`;
  return to.length === 0 ? deletion : deletion + changeTable([], to);
}

/**
 * Adds objects to a table of any content. The transaction removes nothing that blocks, so every packet is blocked by
 * the old or the new objects.
 */
export function addToTable(objects: readonly NftObject[]): string {
  const chains = objects.filter(isChain).map(({ name }) => `flush chain ${table} ${name}`);
  return [`add table ${table}`, ...declareAll(objects), ...chains, ...objects.flatMap(contentLines), ''].join(
    '\n',
  );
}

/** Chains come first: nft 1.0.6 creates a map together with its elements, which lead to chains. */
function declareAll(objects: readonly NftObject[]): string[] {
  return [...objects.filter(isChain), ...objects.filter((object) => !isChain(object))].map(declare);
}

function declare(object: NftObject): string {
  return isChain(object) ? declareChain(object) : declareSet(object);
}

function nftKeyword(object: NftObject): 'chain' | 'map' | 'set' {
  if (isChain(object)) return 'chain';
  return object.verdicts ? 'map' : 'set';
}

function declareSet(set: NftSet): string {
  const { name, type, counted, verdicts, exact, dynamic } = set;
  // `integer` has no width: `typeof` takes it from the field.
  const field = type[0] === 'integer' ? integerFieldOf(name) : undefined;
  const types = `${field === undefined ? `type ${type.join(' . ')}` : `typeof ${field}`}${verdicts ? ' : verdict' : ''}`;
  return `add ${nftKeyword(set)} ${table} ${name} { ${types};${exact ? '' : ' flags interval;'}${dynamic ? ` size ${dynamicSetSize}; flags dynamic;` : ''}${counted ? ' counter;' : ''} }`;
}

function declareChain({ name, hook }: NftChain): string {
  if (!hook) return `add chain ${table} ${name}`;
  const { type, hook: place, priority, policy = 'accept' } = hook;
  return `add chain ${table} ${name} { type ${type} hook ${place} priority ${priority}; policy ${policy}; }`;
}

function contentLines(object: NftObject): string[] {
  return isChain(object) ? ruleLines(object) : elementLines('add', object.name, object.elements);
}

function updateLines(from: NftObject | undefined, to: NftObject): string[] {
  if (!from) return contentLines(to);
  if (sameObject(from, to)) return [];
  if (isChain(to)) return [`flush chain ${table} ${to.name}`, ...ruleLines(to)];
  const { elements } = from as NftSet;
  return [
    // Deletion comes first, since an added element may overlap a deleted one.
    ...elementLines('delete', to.name, missingIn(to.elements, elements).map(elementKey)),
    ...elementLines('add', to.name, missingIn(elements, to.elements)),
  ];
}

/**
 * Deletes the drop counters of removed subnets, so that a later subnet with the same addresses starts at zero. Elements
 * are added first, since nft cannot delete an absent one, and most have none.
 */
function resetDropCounters(before: ReadonlyMap<string, NftObject>, to: NftObject): string[] {
  const from = before.get(objectKey(to));
  if (isChain(to) || !from || isChain(from)) return [];
  const counts = droppedOf(to.name);
  if (counts === undefined || !before.has(`nft-set ${counts}`)) return [];
  const gone = missingIn(to.elements, from.elements);
  return [...elementLines('add', counts, gone), ...elementLines('delete', counts, gone)];
}

function ruleLines({ name, rules }: NftChain): string[] {
  return rules.map((rule) => `add rule ${table} ${name} ${rule}`);
}

/** Each of the others that is not among these. */
function missingIn(elements: readonly string[], others: readonly string[]): string[] {
  const known = asSet(elements);
  return [...new Set(others.filter((element) => !known.has(element)))];
}

/** Element without the verdict of a map. */
export function elementKey(element: string): string {
  const end = element.indexOf(' : ');
  return end < 0 ? element : element.slice(0, end);
}

function elementLines(verb: 'add' | 'delete', set: string, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ${table} ${set} { ${elements.join(', ')} }`];
}

/** A set's type and a chain's hook cannot be changed, and for foreign parts we have no text. */
function mustRecreate(from: NftObject | undefined, to: NftObject): boolean {
  if (!from) return false;
  return from.foreign !== undefined || declare(from) !== declare(to);
}

function isChain(object: NftObject): object is NftChain {
  return object.kind === 'nft-chain';
}
