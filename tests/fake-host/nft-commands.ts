/** Commands of an nft text, applied in order to a copy of the table. */
import { overlaps } from './address.ts';
import { encodeRule } from './nft-encode.ts';
import { type FakeChain, type FakeSet, type FakeTable, unknownToFake } from './state.ts';
import { readWords } from './words.ts';

/** Error of the kernel or of nft for a command. */
export class Refused extends Error {}

const emptyTable: FakeTable = { sets: new Map(), chains: new Map() };

/** Table after one line; undefined when it does not exist. */
export function runLine(table: FakeTable | undefined, line: string): FakeTable | undefined {
  const words = readWords(line);
  const [verb, object] = [words.next(), words.next()];
  words.expect('inet', 'mustredirect');
  if (object === 'table') {
    words.end();
    return changeWholeTable(table, verb, line);
  }
  if (!table) throw new Refused('No such file or directory');
  const name = words.next();
  // A chain may have the name of one of the words before it.
  const rest = line.replace(/^(?:\S+ ){4}\S+/, '').trim();
  const change = changes[`${verb} ${object}`] ?? unknownToFake(line);
  return change(table, name, rest);
}

function changeWholeTable(table: FakeTable | undefined, verb: string, line: string): FakeTable | undefined {
  if (verb === 'add') return table ?? emptyTable;
  if (verb !== 'delete') return unknownToFake(line);
  if (!table) throw new Refused('Could not process rule: No such file or directory');
  return undefined;
}

type Change = (table: FakeTable, name: string, rest: string) => FakeTable;

const changes: Readonly<Record<string, Change>> = {
  'add set': addSet,
  'add map': addSet,
  'add chain': addChain,
  'add element': (table, name, rest) => changeElements(table, name, rest, addElement),
  'delete element': (table, name, rest) => changeElements(table, name, rest, deleteElement),
  'add rule': addRule,
  'flush chain': (table, name, rest) => {
    if (rest !== '') unknownToFake(`flush chain ${name} ${rest}`);
    return withChain(table, name, { ...chainOf(table, name), rules: [] });
  },
  'delete chain': deleteChain,
  'delete set': deleteSet,
  'delete map': deleteSet,
};

function addSet(table: FakeTable, name: string, rest: string): FakeTable {
  const [, type, verdict, interval, dynamic, counter] =
    /^\{ (?:type |(?=typeof ))([\w. ,@]+?)( : verdict)?;( flags interval;)?( size 65535; flags dynamic;)?( counter;)? \}$/.exec(
      rest,
    ) ?? [];
  if (type === undefined) return unknownToFake(`set ${rest}`);
  const set: FakeSet = {
    type: type.startsWith('typeof ') ? ['integer'] : type.split(' . '),
    counted: counter !== undefined,
    ...(interval === undefined ? { exact: true } : {}),
    ...(dynamic === undefined ? {} : { dynamic: true }),
    ...(verdict === undefined ? {} : { verdicts: true }),
    elements: [],
  };
  const before = table.sets.get(name);
  if (!before) return withSet(table, name, set);
  if (JSON.stringify({ ...before, elements: [] }) === JSON.stringify(set)) return table;
  throw new Refused('Could not process rule: File exists');
}

function addChain(table: FakeTable, name: string, rest: string): FakeTable {
  const chain: FakeChain = rest === '' ? { rules: [] } : { hook: readHook(rest), rules: [] };
  const before = table.chains.get(name);
  if (!before) return withChain(table, name, chain);
  if (!chain.hook || JSON.stringify(before.hook) === JSON.stringify(chain.hook)) return table;
  throw new Refused('Could not process rule: Operation not supported');
}

function readHook(text: string): NonNullable<FakeChain['hook']> {
  const [, type = '', hook = '', priority] =
    /^\{ type (\w+) hook (\w+) priority (-?\d+); policy (?:accept|drop); \}$/.exec(text) ?? [];
  if (priority === undefined) return unknownToFake(`chain ${text}`);
  const policy = text.includes('policy drop') ? ({ policy: 'drop' } as const) : {};
  return { type, hook, priority: Number(priority), ...policy };
}

function changeElements(
  table: FakeTable,
  name: string,
  rest: string,
  change: (set: FakeSet, element: string) => FakeSet,
): FakeTable {
  const [, list] = /^\{ (.+) \}$/.exec(rest) ?? [];
  if (list === undefined) return unknownToFake(`elements ${rest}`);
  for (const [, chain = ''] of list.matchAll(/ : goto (\S+?)(?:,|$)/g)) chainOf(table, chain);
  return withSet(table, name, list.split(', ').reduce(change, setOf(table, name)));
}

/** nft accepts a wider element in sets of several columns if it is added later; the fake does not rely on that. */
function addElement(set: FakeSet, element: string): FakeSet {
  if ((set.verdicts === true) !== element.includes(' : ')) throw new Refused('unexpected data');
  if (element.split(' . ').length !== set.type.length) throw new Refused('datatype mismatch');
  if (set.elements.includes(element)) return set;
  if (set.exact && keyOf(element).includes('/'))
    throw new Refused("You must add 'flags interval' to your set declaration");
  if (set.elements.some((other) => elementsOverlap(element, other))) {
    throw new Refused('interval overlaps with an existing one');
  }
  return { ...set, elements: [...set.elements, element] };
}

function deleteElement(set: FakeSet, element: string): FakeSet {
  const left = set.elements.filter((other) => keyOf(other) !== element);
  if (left.length === set.elements.length) throw new Refused('element does not exist');
  return { ...set, elements: left };
}

/** Key of a map element, without its verdict. */
export function keyOf(element: string): string {
  return element.split(' : ')[0] ?? '';
}

export function elementsOverlap(a: string, b: string): boolean {
  const others = keyOf(b).split(' . ');
  return keyOf(a)
    .split(' . ')
    .every((part, i) => {
      const other = others[i] ?? '';
      return isAddress(part) ? overlaps(part, other) : part === other;
    });
}

/** Whether a part is an address or subnet, and not a device, protocol or port. */
export function isAddress(part: string): boolean {
  return !part.startsWith('"') && /[.:]/.test(part);
}

function addRule(table: FakeTable, name: string, rule: string): FakeTable {
  const chain = chainOf(table, name);
  encodeRule(rule);
  for (const [, set = ''] of rule.matchAll(/@([^\s,]+)(?= |$)/g)) setOf(table, set);
  for (const [, set = ''] of rule.matchAll(/\badd @(\S+)/g)) {
    if (!setOf(table, set).dynamic) throw new Refused('Operation not supported');
  }
  const [, target] = / (?:jump|goto) (\S+)$/.exec(` ${rule}`) ?? [];
  if (target !== undefined) chainOf(table, target);
  return withChain(table, name, { ...chain, rules: [...chain.rules, rule] });
}

/** Deletes a chain with its rules; a jump to the chain prevents it. */
function deleteChain(table: FakeTable, name: string): FakeTable {
  chainOf(table, name);
  const leadsHere = (text: string): boolean => / (?:jump|goto) (\S+)$/.exec(` ${text}`)?.[1] === name;
  const used =
    [...table.chains].some(([other, { rules }]) => rules.some((rule) => other !== name && leadsHere(rule))) ||
    [...table.sets.values()].some(({ verdicts, elements }) => verdicts && elements.some(leadsHere));
  if (used) throw new Refused('Could not process rule: Device or resource busy');
  return { ...table, chains: without(table.chains, name) };
}

function deleteSet(table: FakeTable, name: string): FakeTable {
  setOf(table, name);
  const used = [...table.chains.values()].some(({ rules }) =>
    rules.some((rule) => rule.split(' ').includes(`@${name}`)),
  );
  if (used) throw new Refused('Could not process rule: Device or resource busy');
  return { ...table, sets: without(table.sets, name) };
}

function setOf({ sets }: FakeTable, name: string): FakeSet {
  const set = sets.get(name);
  if (!set) throw new Refused('No such file or directory');
  return set;
}

function chainOf({ chains }: FakeTable, name: string): FakeChain {
  const chain = chains.get(name);
  if (!chain) throw new Refused('Could not process rule: No such file or directory');
  return chain;
}

function withSet(table: FakeTable, name: string, set: FakeSet): FakeTable {
  return { ...table, sets: new Map([...table.sets, [name, set]]) };
}

function withChain(table: FakeTable, name: string, chain: FakeChain): FakeTable {
  return { ...table, chains: new Map([...table.chains, [name, chain]]) };
}

function without<T>(map: ReadonlyMap<string, T>, name: string): Map<string, T> {
  return new Map([...map].filter(([key]) => key !== name));
}
