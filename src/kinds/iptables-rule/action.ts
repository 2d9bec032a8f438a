import * as z from 'zod';
import { type ActionKind, commandLine } from '../action-kind.ts';
import type { Plain } from '../plain.ts';
import { iptablesProgram } from '../words.ts';
import { iptablesRuleSchema } from './schema.ts';

/** A rule of ours goes to the beginning of a chain, or goes away. Its arguments have the comment among them. */
export type IptablesAction = Plain<typeof schema>;

const schema = iptablesRuleSchema
  .omit({ late: true })
  .extend({ kind: z.enum(['insert-iptables-rule', 'delete-iptables-rule']) });

export const iptablesAction: ActionKind<IptablesAction> = {
  names: ['insert-iptables-rule', 'delete-iptables-rule'],
  schema,
  work: () => 'writing iptables',
  objects: () => 1,
  outlivesRestart: false,
  shell: (action, tools) => commandLine(iptablesCommand(action), tools),
};

/** @param verb absent: what the action does */
export function iptablesCommand(
  { kind, family, table, chain, args }: IptablesAction,
  verb: '-I' | '-D' | '-C' = kind === 'insert-iptables-rule' ? '-I' : '-D',
): string[] {
  // `-w`: engines change the same tables, and hold their lock meanwhile.
  return [iptablesProgram(family), '-w', '-t', table, verb, chain, ...args];
}
