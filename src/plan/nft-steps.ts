/**
 * The nft part of a plan: first a table that holds the old and the new, then, when routing has changed, the
 * new alone. So a changed gateway has no moment in which the guard stops the good way, or lets a bad one by.
 */
import type { DesiredObject } from '../desired/redirect.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import { type HostObject, objectKey } from '../kinds/index.ts';
import { ownNftTable } from '../kinds/ownership.ts';
import type { Action } from '../kinds/action.ts';
import { closingObjects, hasContainers, isClosing, resetObjects } from './closing.ts';
import type { Change } from '../kinds/index.ts';
import { compareStates } from './compare.ts';
import { type NftObject, addToTable, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import { printChange } from './print.ts';
import type { PlanLine, Step } from './step.ts';
import { onlyMoves } from './only-moves.ts';
import { resetSteps } from './reset-steps.ts';
import { unionTable } from './union-table.ts';

export interface NftSteps {
  /** connections end that cannot go on */
  readonly reset: readonly Step[];
  readonly union: readonly Step[];
  /** what was there goes by its new gateway */
  readonly switch: readonly Step[];
  readonly prune: readonly Step[];
  /** what was closed meanwhile */
  readonly open: readonly Step[];
}

/** Flows that are closed while the plan runs. */
export interface Closing {
  /** from its first step to its last */
  readonly flows: readonly Flows[];
  /** while it is undone: those that have begun on the way that is given up among them */
  readonly undone: readonly Flows[];
  /** what opening does, for the plan */
  readonly lines: readonly PlanLine[];
}

export function nftSteps(
  actual: readonly NftObject[],
  wanted: readonly DesiredObject[],
  closing: Closing = { flows: [], undone: [], lines: [] },
): NftSteps {
  const [before, after] = [actual.filter(isLasting), wanted.filter(({ object }) => isLasting(object))];
  const found = actual.filter(isClosing);
  const both = unionTable(before, after);
  const switched = unionTable(before, after, true);
  const toUnion = compareStates(before, both);
  const local = hasContainers([...actual, ...nftObjects(wanted)]);
  const meanwhile: Meanwhile = {
    closed: closingObjects(closing.flows, local),
    undone: closingObjects(closing.undone, local),
  };
  // Where it is closed already, no packet goes by the old way any more.
  const isTold = found.length === 0;
  const reset = isTold ? resetObjects(closing.flows, local) : [];
  const toldLater = new Set(compareStates(nftObjects(both), after).map(keyOf));
  const first = {
    changes: toUnion,
    listed: (change: Change) => !onlyMoves(change) || !toldLater.has(keyOf(change)),
    found,
    passing: reset.length > 0 ? reset : found,
  };
  return {
    reset: resetSteps(before, reset, closing.flows),
    union: firstStep(before, both, meanwhile, closing, first),
    switch: stepBetween(nftObjects(both), switched, meanwhile),
    prune: stepBetween(nftObjects(switched), after, meanwhile),
    open: lastStep(nftObjects(after), nftObjects(wanted).filter(isClosing), meanwhile, closing),
  };
}

/** What our table holds beside all else while the plan runs, and while it is undone. */
interface Meanwhile {
  readonly closed: readonly NftObject[];
  readonly undone: readonly NftObject[];
}

/** @param first `found`: what closes already, `passing`: that, or what ends connections */
function firstStep(
  from: readonly NftObject[],
  to: readonly DesiredObject[],
  { closed, undone }: Meanwhile,
  closing: Closing,
  first: {
    readonly changes: readonly Change[];
    readonly listed: (change: Change) => boolean;
    readonly found: readonly NftObject[];
    readonly passing: readonly NftObject[];
  },
): Step[] {
  const { changes, listed, found, passing } = first;
  if (changes.length === 0 && isSame(found, closed)) return [];
  const text = changeTable([...from, ...passing], [...nftObjects(to), ...closed]);
  const start = replaceTable([...from, ...found]);
  const undo = openAction(closing.undone, start, addToTable(undone));
  const lines = linesOf(from, to, changes.filter(listed));
  return [{ do: { kind: 'nft', text }, undo, ...(closed.length > 0 ? { closes: true } : {}), lines }];
}

function stepBetween(
  from: readonly NftObject[],
  to: readonly DesiredObject[],
  { closed, undone }: Meanwhile,
): Step[] {
  const changes = compareStates(from, to);
  if (changes.length === 0) return [];
  const text = changeTable([...from, ...closed], [...nftObjects(to), ...closed]);
  // Whole and by itself right, whatever a failed step has left; only counters begin anew.
  const undo = { kind: 'nft', text: replaceTable([...from, ...undone]) } as const;
  return [{ do: { kind: 'nft', text }, undo, lines: linesOf(from, to, changes) }];
}

/** @param stays what is still to be closed then */
function lastStep(
  table: readonly NftObject[],
  stays: readonly NftObject[],
  { closed, undone }: Meanwhile,
  { flows, lines }: Closing,
): Step[] {
  if (isSame(closed, stays)) return [];
  const text = changeTable([...table, ...closed], [...table, ...stays]);
  const undo = { kind: 'nft', text: replaceTable([...table, ...undone]) } as const;
  return [{ do: openAction(flows, text), undo, lines }];
}

/** @param close the text that closes them, where they are not closed yet */
function openAction(flows: readonly Flows[], text: string, close?: string): Action {
  if (flows.length === 0) return { kind: 'nft', text };
  return { kind: 'open', ...(close === undefined ? {} : { close }), flows, text };
}

function isLasting(object: HostObject): boolean {
  return !isClosing(object);
}

function isSame(some: readonly NftObject[], others: readonly NftObject[]): boolean {
  const wanted = others.map((object) => ({ object, why: '' }));
  return compareStates(some, wanted).length === 0;
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
  return objectKey(change.kind === 'remove' ? change.from : change.to);
}

/** A table that comes or goes whole is one line: what it is for, not what it is made of. */
function wholeTable(from: readonly NftObject[], to: readonly DesiredObject[]): PlanLine {
  const objects = from.length === 0 ? nftObjects(to) : from;
  const chains = objects.filter(({ kind }) => kind === 'nft-chain').length;
  const text = `nft table inet ${ownNftTable}: ${objects.length - chains} sets, ${chains} chains`;
  const purposes = to.filter(({ object }) => object.kind === 'nft-chain' && purposeful.has(object.name));
  return from.length === 0
    ? { sign: '+', text, why: purposes.map(({ why }) => why).join('; ') }
    : { sign: '-', text, why: 'no longer needed' };
}

/** the chains whose reason tells a reader what the table does */
const purposeful = new Set(['guard', 'postrouting', 'published']);

function nftObjects(wanted: readonly DesiredObject[]): NftObject[] {
  return wanted.map(({ object }) => object).filter(isNftObject);
}
