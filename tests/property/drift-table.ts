/** Foreign changes to our nft table. */
import * as fc from 'fast-check';
import { elementsOverlap } from '../fake-host/nft-commands.ts';
import type { FakeChain, FakeSet, FakeTable } from '../fake-host/state.ts';
import { inBoth } from './twins.ts';

export type TableDrift =
  | { readonly kind: 'gone' | 'flushed' | 'dormant' | 'emptied' | 'other-objects' }
  | { readonly kind: 'rule-gone' | 'rule-added' | 'rule-moved' | 'other-hook'; readonly pick: number }
  | { readonly kind: 'element-gone' | 'element-added' | 'set-counts'; readonly pick: number };

const pick = fc.nat(1000);
export const tableDrifts: fc.Arbitrary<TableDrift> = fc.oneof(
  fc.record({ kind: fc.constantFrom('gone', 'flushed', 'dormant', 'emptied', 'other-objects') }),
  fc.record({ kind: fc.constantFrom('rule-gone', 'rule-added', 'rule-moved', 'other-hook'), pick }),
  fc.record({ kind: fc.constantFrom('element-gone', 'element-added', 'set-counts'), pick }),
);

export function driftTable(table: FakeTable, drift: TableDrift): FakeTable | undefined {
  switch (drift.kind) {
    case 'gone':
      return undefined;
    case 'flushed':
      return { ...table, chains: eachChain(table, (chain) => ({ ...chain, rules: [] })) };
    case 'dormant':
      return { ...table, dormant: true };
    case 'emptied':
      return { ...table, sets: eachSet(table, (set) => ({ ...set, elements: [] })) };
    case 'other-objects':
      return withOthers(table);
    case 'rule-gone':
      return { ...table, chains: oneChain(table, drift.pick, (rules, at) => rules.toSpliced(at, 1)) };
    case 'rule-added':
      return {
        ...table,
        chains: oneChain(table, drift.pick, (rules, at) => rules.toSpliced(at, 0, 'accept')),
      };
    case 'rule-moved':
      return { ...table, chains: oneChain(table, drift.pick, (rules) => rules.toReversed()) };
    case 'other-hook':
      return { ...table, chains: otherHook(table, drift.pick) };
    case 'element-gone':
      return {
        ...table,
        sets: oneSet(table, drift.pick, (set) => ({ ...set, elements: set.elements.slice(1) })),
      };
    case 'element-added':
      return { ...table, sets: oneSet(table, drift.pick, withElement) };
    case 'set-counts':
      return { ...table, sets: oneSet(table, drift.pick, (set) => ({ ...set, counted: !set.counted })) };
  }
}

function eachChain({ chains }: FakeTable, change: (chain: FakeChain) => FakeChain): Map<string, FakeChain> {
  return new Map([...chains].map(([name, chain]) => [name, change(chain)]));
}

function eachSet({ sets }: FakeTable, change: (set: FakeSet) => FakeSet): Map<string, FakeSet> {
  return new Map([...sets].map(([name, set]) => [name, change(set)]));
}

function oneChain(
  { chains }: FakeTable,
  at: number,
  change: (rules: readonly string[], at: number) => readonly string[],
): Map<string, FakeChain> {
  return new Map(
    changeAt([...chains], [at], ([name, chain]) => [
      name,
      { ...chain, rules: change(chain.rules, at % (chain.rules.length + 1)) },
    ]),
  );
}

function oneSet({ sets }: FakeTable, at: number, change: (set: FakeSet) => FakeSet): Map<string, FakeSet> {
  return new Map(changeAt([...sets], [at], ([name, set]) => [name, change(set)]));
}

/** Adds an element that allows everything, unless it overlaps others: the kernel would refuse it. */
function withElement(set: FakeSet): FakeSet {
  // Elements of dynamic sets come and go with packets.
  if (set.dynamic) return set;
  const [, ...more] = set.type;
  const wide = more.length === 0 ? ['224.0.0.0/4', 'ff00::/8'] : inBoth(['10.0.0.0/8']);
  const firsts = set.exact ? ['224.0.0.0', 'ff00::'] : wide;
  const parts = set.type.map((type, i) => partOf(type, i === 0 ? firsts : inBoth(['192.168.50.1'])));
  const added = parts.join(' . ') + (set.verdicts ? ` : ${verdictOf(set)}` : '');
  const taken = set.elements.some((element) => elementsOverlap(element, added));
  return taken || added.endsWith(' : ') ? set : { ...set, elements: [...set.elements, added] };
}

/** Verdict of another element, whose chain exists. */
function verdictOf({ elements: [first = ''] }: FakeSet): string {
  return first.split(' : ')[1] ?? '';
}

/** @param addresses one of each family */
function partOf(type: string, [four, six]: readonly string[]): string {
  if (type === 'ifname') return '"eth0"';
  if (type === 'integer') return '0xe0000000';
  return (type === 'ipv4_addr' ? four : six) ?? '';
}

function otherHook(table: FakeTable, at: number): Map<string, FakeChain> {
  const changed = eachChain(table, ({ hook, rules }) => ({
    rules,
    hook: hook && { ...hook, ...(at % 2 === 0 ? { priority: 300 } : { policy: 'drop' as const }) },
  }));
  const name = [...table.chains.keys()].find((key) => table.chains.get(key)?.hook);
  const chain = changed.get(name ?? '');
  return name === undefined || !chain ? new Map(table.chains) : new Map([...table.chains, [name, chain]]);
}

/** Adds a foreign set, and a chain before ours that accepts everything. */
function withOthers({ sets, chains, ...table }: FakeTable): FakeTable {
  const set: FakeSet = { type: ['ipv4_addr'], counted: false, elements: ['10.0.0.0/8'] };
  const hook = { type: 'nat', hook: 'postrouting', priority: 50 };
  const rules = ['ip saddr @others masquerade'];
  return {
    ...table,
    sets: new Map([...sets, ['others', set]]),
    chains: new Map([...chains, ['others', { hook, rules }]]),
  };
}

/** Changes the items at these positions, for a list of any length. */
export function changeAt<T>(list: readonly T[], at: readonly number[], change: (item: T) => T): T[] {
  const places = new Set(at.map((place) => place % Math.max(list.length, 1)));
  return list.map((item, i) => (places.has(i) ? change(item) : item));
}
