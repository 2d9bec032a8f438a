/** Steps with their rank, which alone orders the plan. */
import type { ActionKind } from '../kinds/action-kind.ts';
import { type Action, actionKindOf } from '../kinds/action.ts';
import { type Change, objectKindOf } from '../kinds/index.ts';
import { type Move, objectOfChange } from '../kinds/object-kind.ts';
import { type Rank, compareRanks } from '../kinds/rank.ts';
import { groupBy } from './group-by.ts';
import { printChange } from './print.ts';
import type { Step } from './step.ts';

export interface RankedStep {
  readonly rank: Rank;
  readonly step: Step;
}

export function rankedAs(rank: Rank, steps: readonly Step[]): RankedStep[] {
  return steps.map((step) => ({ rank, step }));
}

export function sortSteps(ranked: readonly RankedStep[]): Step[] {
  return ranked.toSorted((a, b) => compareRanks(a.rank, b.rank)).map(({ step }) => step);
}

/** Steps of all changes except those of nft objects, which `nftSteps` makes together. */
export function stepsOfChanges(changes: readonly Change[]): RankedStep[] {
  const moves = changes.flatMap((change) =>
    (objectKindOf(objectOfChange(change)).moves?.(change) ?? []).map((move) => ({ ...move, change })),
  );
  const byRank = groupBy(moves, ({ rank }) => rank);
  return [...byRank].flatMap(([rank, some]) => rankedAs(rank, stepsOfRank(some)));
}

interface MoveOfChange extends Move {
  readonly change: Change;
}

function stepsOfRank(moves: readonly MoveOfChange[]): Step[] {
  const sorted = moves.toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0));
  const batches = groupBy(sorted, (move) => groupOf(move.do));
  return [...batches]
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .flatMap(([, some]) => stepsOfGroup(some));
}

/** Group of a batch; actions without a batch share one group, in which each is a step of its own. */
function groupOf(action: Action): string {
  const group = actionKindOf(action).batch?.group(action);
  return group === undefined ? '' : `${action.kind} ${group}`;
}

function stepsOfGroup(moves: readonly MoveOfChange[]): Step[] {
  const [first] = moves;
  const batch = first && actionKindOf(first.do).batch;
  return batch ? [batchOf(moves, batch)] : moves.map(stepOf);
}

function stepOf({ do: does, undo, unprinted, change }: MoveOfChange): Step {
  return { do: does, undo, lines: unprinted ? [] : [printChange(change)] };
}

function batchOf(moves: readonly MoveOfChange[], { join }: NonNullable<ActionKind<Action>['batch']>): Step {
  return {
    do: join(moves.map((move) => move.do)),
    undo: join(undoOrder(moves).map((move) => move.undo)),
    lines: moves.flatMap((move) => stepOf(move).lines),
  };
}

/** Reverse order; moves that are undone in order keep it within one position. */
function undoOrder(moves: readonly MoveOfChange[]): MoveOfChange[] {
  return moves.every(({ undoneInOrder }) => undoneInOrder)
    ? moves.toSorted((a, b) => (b.position ?? 0) - (a.position ?? 0))
    : moves.toReversed();
}
