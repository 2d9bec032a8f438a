import * as z from 'zod';
import { type ActionKind, commandLine } from '../action-kind.ts';
import type { Plain } from '../plain.ts';
import { iptablesProgram } from '../words.ts';
import { iptablesRuleSchema } from './schema.ts';

/** Inserts our rule at the beginning of a chain, or deletes it. Its arguments include our comment. */
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

/** @param verb absent: the one of the action */
export function iptablesCommand(
  { kind, family, table, chain, args }: IptablesAction,
  verb: '-I' | '-D' | '-C' = kind === 'insert-iptables-rule' ? '-I' : '-D',
): string[] {
  // `-w` waits for the xtables lock: engines change the same tables.
  return [iptablesProgram(family), '-w', '-t', table, verb, chain, ...args];
}
