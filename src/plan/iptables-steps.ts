/** Rules of ours in chains of others: exceptions, so they come when all that closes is there. */
import type { IptablesRule } from '../state/objects.ts';
import { ownComment } from '../state/ownership.ts';
import type { Action } from './action.ts';
import type { Change } from './compare.ts';
import { printChange } from './print.ts';
import type { Step } from './step.ts';

export function iptablesSteps(changes: readonly Change[]): Step[] {
  return [...changes.flatMap(insertRule), ...changes.flatMap(deleteRule)];
}

function insertRule(change: Change): Step[] {
  if (change.kind === 'remove' || change.to.kind !== 'iptables-rule') return [];
  const lines = [printChange(change)];
  const [insert, remove] = [ruleAction('insert', change.to), ruleAction('delete', change.to)];
  if (change.kind === 'add') return [{ do: insert, undo: remove, lines }];
  // It is there, too late.
  return [
    { do: remove, undo: insert, lines },
    { do: insert, undo: remove, lines: [] },
  ];
}

function deleteRule(change: Change): Step[] {
  if (change.kind !== 'remove' || change.from.kind !== 'iptables-rule') return [];
  return [
    {
      do: ruleAction('delete', change.from),
      undo: ruleAction('insert', change.from),
      lines: [printChange(change)],
    },
  ];
}

function ruleAction(verb: 'insert' | 'delete', { family, table, chain, args }: IptablesRule): Action {
  return { kind: `${verb}-iptables-rule`, family, table, chain, args: withComment(args) };
}

/** Before the target, where `iptables-save` prints it. */
function withComment(args: readonly string[]): string[] {
  const target = args.lastIndexOf('-j');
  return [...args.slice(0, target), ...ownComment, ...args.slice(target)];
}
