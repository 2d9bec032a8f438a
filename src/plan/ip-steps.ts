/** Rules, routes and policies: each group is one batch, undone by the batch that is its mirror image. */
import { type Family, families } from '../address/cidr.ts';
import type { HostObject, Route, Rule, XfrmPolicy } from '../state/objects.ts';
import type { Change } from './compare.ts';
import {
  addPolicy,
  addRoute,
  addRule,
  deletePolicy,
  deleteRoute,
  deleteRule,
  replaceRoute,
} from './ip-text.ts';
import { printChange } from './print.ts';
import type { Step } from './step.ts';

interface Move {
  readonly family: Family;
  readonly change: Change;
  readonly do: string;
  readonly undo: string;
}

/** @param order the preferences to add, in this order */
export function addRules(
  changes: readonly Change[],
  order: readonly number[],
  which: (rule: Rule) => boolean,
): Step[] {
  return batches(ruleMoves(changes, 'add', order, which, addRule, deleteRule));
}

/** @param order the preferences to take away, in this order */
export function removeRules(
  changes: readonly Change[],
  order: readonly number[],
  which: (rule: Rule) => boolean,
): Step[] {
  return batches(ruleMoves(changes, 'remove', order, which, deleteRule, addRule), inTheirOrder);
}

/** Preferences of our rules that are none of these: an older version had them, or somebody made them in our name. */
export function otherPreferences(changes: readonly Change[], known: readonly number[]): number[] {
  const found = changes.flatMap((change) => ruleOf(change, 'remove')?.preference ?? []);
  return [...new Set(found)].filter((preference) => !known.includes(preference));
}

export function addPolicies(changes: readonly Change[]): Step[] {
  return batches(policyMoves(changes, 'add', addPolicy, deletePolicy));
}

export function removePolicies(changes: readonly Change[]): Step[] {
  return batches(policyMoves(changes, 'remove', deletePolicy, addPolicy));
}

/** A policy is its key, as a rule is. */
function policyMoves(
  changes: readonly Change[],
  kind: 'add' | 'remove',
  does: (policy: XfrmPolicy) => string,
  undoes: (policy: XfrmPolicy) => string,
): Move[] {
  return changes.flatMap((change): Move[] => {
    if (change.kind !== kind) return [];
    const policy = change.kind === 'remove' ? change.from : change.to;
    if (policy.kind !== 'xfrm-policy') return [];
    return [{ family: policy.family, change, do: does(policy), undo: undoes(policy) }];
  });
}

export function addRoutes(changes: readonly Change[], which: (route: Route) => boolean): Step[] {
  return batches(
    changes.flatMap((change): Move[] => {
      if (change.kind === 'remove' || change.to.kind !== 'route' || !which(change.to)) return [];
      const { to } = change;
      if (change.kind === 'add') {
        return [{ family: to.family, change, do: addRoute(to), undo: deleteRoute(to) }];
      }
      if (change.from.kind !== 'route') return [];
      return [{ family: to.family, change, do: replaceRoute(to), undo: replaceRoute(change.from) }];
    }),
  );
}

/** Open routes first, the closed ones that stand behind them last. */
export function removeRoutes(changes: readonly Change[]): Step[] {
  const moves = changes.flatMap((change): (Move & { metric: number })[] => {
    if (change.kind !== 'remove' || change.from.kind !== 'route') return [];
    const { from } = change;
    return [
      { family: from.family, change, do: deleteRoute(from), undo: addRoute(from), metric: from.metric },
    ];
  });
  return batches(moves.sort((a, b) => a.metric - b.metric));
}

function ruleMoves(
  changes: readonly Change[],
  kind: 'add' | 'remove',
  order: readonly number[],
  which: (rule: Rule) => boolean,
  does: (rule: Rule) => string,
  undoes: (rule: Rule) => string,
): Move[] {
  const moves = changes.flatMap((change) => {
    const rule = ruleOf(change, kind);
    const at = rule && which(rule) ? order.indexOf(rule.preference) : -1;
    return rule && at >= 0 ? [{ at, family: rule.family, change, do: does(rule), undo: undoes(rule) }] : [];
  });
  return moves.sort((a, b) => a.at - b.at);
}

/** A rule is its key: it is there or not, never changed. */
function ruleOf(change: Change, kind: 'add' | 'remove'): Rule | undefined {
  if (change.kind !== kind) return undefined;
  const object: HostObject = change.kind === 'remove' ? change.from : change.to;
  return object.kind === 'rule' ? object : undefined;
}

/** Groups backwards, and rules of one preference in the order in which they were. */
function inTheirOrder(moves: readonly (Move & { readonly at?: number })[]): Move[] {
  return moves.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));
}

function batches(moves: readonly Move[], backwards = (some: readonly Move[]) => some.toReversed()): Step[] {
  return families.flatMap((family) => {
    const ofFamily = moves.filter((move) => move.family === family);
    if (ofFamily.length === 0) return [];
    return [
      {
        do: { kind: 'ip', family, lines: ofFamily.map((move) => move.do) },
        undo: { kind: 'ip', family, lines: backwards(ofFamily).map((move) => move.undo) },
        lines: ofFamily.map((move) => printChange(move.change)),
      },
    ];
  });
}
