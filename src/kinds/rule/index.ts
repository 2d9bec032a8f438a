/** `ip rule`: selects the table that routes a packet, or blocks it. */
import { ipLine } from '../ip-batch/action.ts';
import { type ChangeOf, type Move, type ObjectKind, objectOfChange } from '../object-kind.ts';
import { ownProtocol } from '../ownership.ts';
import { familyWord } from '../words.ts';
import { addingRank, removingRank } from './order.ts';
import { type Rule, ruleSchema } from './schema.ts';
import { ruleAction, ruleSelector } from './text.ts';

export const ruleKind: ObjectKind<Rule> = {
  name: 'rule',
  schema: ruleSchema,
  key: (rule) => `rule ${rule.family} ${rule.preference} ${ruleSelector(rule)} ${ruleAction(rule)}`,
  neverChanges: true,
  print: (rule) =>
    `${familyWord(rule.family)}rule ${rule.preference}: ${ruleSelector(rule)} ${ruleAction(rule)}`,
  moves: ruleMoves,
};

function ruleMoves(change: ChangeOf<Rule>): Move[] {
  const rule = objectOfChange(change);
  const [add, remove] = [ruleLine('add', rule), ruleLine('delete', rule)];
  return change.kind === 'remove'
    ? [{ ...removingRank(rule), do: remove, undo: add, undoneInOrder: true }]
    : [{ ...addingRank(rule), do: add, undo: remove }];
}

function ruleLine(verb: 'add' | 'delete', rule: Rule): Move['do'] {
  const { family, preference } = rule;
  const text = `preference ${preference} ${ruleSelector(rule)} ${ruleAction(rule)} protocol ${ownProtocol}`;
  return ipLine(family, `rule ${verb} ${text}`);
}
