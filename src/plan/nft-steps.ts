/**
 * nft steps of a plan: a union of the old and the new table comes before routing changes, the new table alone after
 * them. While a gateway changes, the guard thus neither drops packets of the right egress nor passes any to a wrong
 * one.
 */
import type { DesiredObject } from '../desired/redirect.ts';
import type { Action } from '../kinds/action.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import { type Change, objectKey } from '../kinds/index.ts';
import { objectOfChange } from '../kinds/object-kind.ts';
import { ownNftTable } from '../kinds/ownership.ts';
import { closingObjects, hasContainers, isClosing, resetObjects } from './closing.ts';
import { compareStates } from './compare.ts';
import { type NftObject, addToTable, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import { printChange } from './print.ts';
import { type RankedStep, rankedAs } from './ranked-steps.ts';
import { resetSteps } from './reset-steps.ts';
import type { PlanLine, Step } from './step.ts';
import { unionTable } from './union-table.ts';

/** Flows that closing chains drop for a time. */
export interface ClosedFlows {
  /** from the first step of the plan to the last */
  readonly duringRun: readonly Flows[];
  /** while the plan is undone: also flows that may have got a NAT decision of the new state */
  readonly duringUndo: readonly Flows[];
  /** plan lines of the step that lets them pass again */
  readonly lines: readonly PlanLine[];
}

export function nftSteps(
  actual: readonly NftObject[],
  wanted: readonly DesiredObject[],
  flows: ClosedFlows,
): RankedStep[] {
  const before = actual.filter((object) => !isClosing(object));
  const after = wanted.filter(({ object }) => !isClosing(object));
  const union = unionTable(before, after);
  const switched = unionTable(before, after, true);
  const leftover = actual.filter(isClosing);
  const local = hasContainers([...actual, ...nftObjectsOf(wanted)]);
  // Leftover closing chains already drop these packets: none of them could trigger a reset.
  const reset = leftover.length === 0 ? resetObjects(flows.duringRun, local) : [];
  const closing: ClosingObjects = {
    duringRun: closingObjects(flows.duringRun, local),
    duringUndo: closingObjects(flows.duringUndo, local),
  };
  const kept = nftObjectsOf(wanted).filter(isClosing);
  return [
    ...rankedAs('resetConnections', resetSteps(before, reset, flows.duringRun)),
    ...rankedAs('union', unionSteps({ before, union, after, leftover, reset }, closing, flows)),
    ...rankedAs('switch', changeSteps(nftObjectsOf(union), switched, closing)),
    ...rankedAs('prune', changeSteps(nftObjectsOf(switched), after, closing)),
    ...rankedAs('open', openSteps(nftObjectsOf(after), kept, closing, flows)),
  ];
}

/** Closing sets and chains in our table. */
interface ClosingObjects {
  readonly duringRun: readonly NftObject[];
  readonly duringUndo: readonly NftObject[];
}

interface Tables {
  readonly before: readonly NftObject[];
  readonly union: readonly DesiredObject[];
  readonly after: readonly DesiredObject[];
  /** closing sets and chains of an interrupted run */
  readonly leftover: readonly NftObject[];
  /** sets and chains of the reset step, which the union step removes */
  readonly reset: readonly NftObject[];
}

function unionSteps(
  { before, union, after, leftover, reset }: Tables,
  { duringRun, duringUndo }: ClosingObjects,
  flows: ClosedFlows,
): Step[] {
  const changes = compareStates(before, union);
  if (changes.length === 0 && isSame(leftover, duringRun)) return [];
  const text = changeTable([...before, ...leftover, ...reset], [...nftObjectsOf(union), ...duringRun]);
  const undo = openAction(flows.duringUndo, replaceTable([...before, ...leftover]), addToTable(duringUndo));
  const printedLater = new Set(compareStates(nftObjectsOf(union), after).map(keyOf));
  const printed = changes.filter((change) => !addsNoRules(change) || !printedLater.has(keyOf(change)));
  const closes = duringRun.length > 0 ? ({ closes: true } as const) : {};
  return [{ do: { kind: 'nft', text }, undo, ...closes, lines: linesOf(before, union, printed) }];
}

function changeSteps(
  from: readonly NftObject[],
  to: readonly DesiredObject[],
  closing: ClosingObjects,
): Step[] {
  const changes = compareStates(from, to);
  if (changes.length === 0) return [];
  const text = changeTable([...from, ...closing.duringRun], [...nftObjectsOf(to), ...closing.duringRun]);
  return [
    { do: { kind: 'nft', text }, undo: restoreTable(from, closing), lines: linesOf(from, to, changes) },
  ];
}

/** @param kept closing objects that stay in the table */
function openSteps(
  table: readonly NftObject[],
  kept: readonly NftObject[],
  closing: ClosingObjects,
  { duringRun, lines }: ClosedFlows,
): Step[] {
  if (isSame(closing.duringRun, kept)) return [];
  const text = changeTable([...table, ...closing.duringRun], [...table, ...kept]);
  return [{ do: openAction(duringRun, text), undo: restoreTable(table, closing), lines }];
}

/** Replaces the whole table, which is right whatever a failed step has left; only counters restart. */
function restoreTable(table: readonly NftObject[], { duringUndo }: ClosingObjects): Action {
  return { kind: 'nft', text: replaceTable([...table, ...duringUndo]) };
}

/** @param close text that closes the flows first, where they still pass */
function openAction(flows: readonly Flows[], text: string, close?: string): Action {
  if (flows.length === 0) return { kind: 'nft', text };
  return { kind: 'open', ...(close === undefined ? {} : { close }), flows, text };
}

function isSame(some: readonly NftObject[], others: readonly NftObject[]): boolean {
  const wanted = others.map((object) => ({ object, why: '' }));
  return compareStates(some, wanted).length === 0;
}

/** The union puts wanted rules before old ones: a chain that only changes its order needs no line of its own. */
function addsNoRules(change: Change): boolean {
  if (change.kind !== 'change' || change.from.kind !== 'nft-chain' || change.to.kind !== 'nft-chain')
    return false;
  const { from, to } = change;
  const sameHook = JSON.stringify(from.hook) === JSON.stringify(to.hook);
  return sameHook && from.foreign === undefined && to.rules.every((rule) => from.rules.includes(rule));
}

function linesOf(
  from: readonly NftObject[],
  to: readonly DesiredObject[],
  changes: readonly Change[],
): readonly PlanLine[] {
  if (changes.length === 0) return [];
  return from.length === 0 || to.length === 0 ? [wholeTable(from, to)] : changes.map(printChange);
}

function keyOf(change: Change): string {
  return objectKey(objectOfChange(change));
}

/** One line for a table that is added or removed as a whole: it gives the purpose, not the parts. */
function wholeTable(from: readonly NftObject[], to: readonly DesiredObject[]): PlanLine {
  const objects = from.length === 0 ? nftObjectsOf(to) : from;
  const chains = objects.filter(({ kind }) => kind === 'nft-chain').length;
  const text = `nft table inet ${ownNftTable}: ${objects.length - chains} sets, ${chains} chains`;
  if (from.length > 0) return { sign: '-', text, why: 'no longer needed' };
  const purposes = to.filter(({ object }) => object.kind === 'nft-chain' && purposeful.has(object.name));
  return { sign: '+', text, why: purposes.map(({ why }) => why).join('; ') };
}

/** chains whose reason tells the reader what the table does */
const purposeful = new Set(['guard', 'postrouting', 'published']);

function nftObjectsOf(wanted: readonly DesiredObject[]): NftObject[] {
  return wanted.map(({ object }) => object).filter(isNftObject);
}
