/** Rules of ours in chains of others: exceptions, so they come when all that closes is there. */
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { ownComment } from '../ownership.ts';
import { iptablesProgram } from '../words.ts';
import { type IptablesRule, iptablesRuleSchema } from './schema.ts';

export const iptablesRuleKind: ObjectKind<IptablesRule> = {
  name: 'iptables-rule',
  schema: iptablesRuleSchema,
  key: ({ family, table, chain, args }) => `iptables-rule ${family} ${table} ${chain} ${args.join(' ')}`,
  print: printRule,
  printDifference: (_, to) => `${printRule(to)}, first in its chain again`,
  moves: ruleMoves,
};

function printRule({ family, table, chain, args }: IptablesRule): string {
  return `${iptablesProgram(family)} ${table} ${chain}: ${args.join(' ')}`;
}

function ruleMoves(change: ChangeOf<IptablesRule>): Move[] {
  const rule = change.kind === 'remove' ? change.from : change.to;
  const [insert, remove] = [ruleAction('insert', rule), ruleAction('delete', rule)];
  if (change.kind === 'remove') return [{ rank: 'deleteException', do: remove, undo: insert }];
  const inserted: Move = { rank: 'insertException', do: insert, undo: remove };
  if (change.kind === 'add') return [inserted];
  // It is there, too late.
  return [
    { rank: 'insertException', do: remove, undo: insert },
    { ...inserted, untold: true },
  ];
}

function ruleAction(verb: 'insert' | 'delete', { family, table, chain, args }: IptablesRule): Move['do'] {
  return { kind: `${verb}-iptables-rule`, family, table, chain, args: withComment(args) };
}

/** Before the target, where `iptables-save` prints it. */
function withComment(args: readonly string[]): string[] {
  const target = args.lastIndexOf('-j');
  return [...args.slice(0, target), ...ownComment, ...args.slice(target)];
}
