/** Our rules in foreign chains. They allow packets, so they are added after everything that blocks. */
import { type ChangeOf, type Move, type ObjectKind, objectOfChange } from '../object-kind.ts';
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
  const rule = objectOfChange(change);
  const [insert, remove] = [ruleAction('insert', rule), ruleAction('delete', rule)];
  if (change.kind === 'remove') return [{ rank: 'deleteAccept', do: remove, undo: insert }];
  const inserted: Move = { rank: 'insertAccept', do: insert, undo: remove };
  if (change.kind === 'add') return [inserted];
  // The rule exists, but behind a drop: it is deleted and inserted again.
  return [
    { rank: 'insertAccept', do: remove, undo: insert },
    { ...inserted, unprinted: true },
  ];
}

function ruleAction(verb: 'insert' | 'delete', { family, table, chain, args }: IptablesRule): Move['do'] {
  return { kind: `${verb}-iptables-rule`, family, table, chain, args: withComment(args) };
}

/** Puts our comment before the target, as `iptables-save` prints it. */
function withComment(args: readonly string[]): string[] {
  const target = args.lastIndexOf('-j');
  return [...args.slice(0, target), ...ownComment, ...args.slice(target)];
}
