/** Puts a rule of ours into a chain of iptables, or takes it away. */
import type { Action } from '../../plan/action.ts';
import type { Exec } from '../ports.ts';

type IptablesAction = Extract<Action, { kind: 'insert-iptables-rule' | 'delete-iptables-rule' }>;

export function iptablesCommand(action: IptablesAction): string[] {
  return command(action.kind === 'insert-iptables-rule' ? '-I' : '-D', action);
}

/** `-C` fails when there is no such rule, and when there is no such chain. */
export async function isRuleThere(exec: Exec, action: IptablesAction): Promise<boolean> {
  return (await exec.run(command('-C', action))).exitCode === 0;
}

/** `-w`: engines change the same tables, and hold their lock meanwhile. */
function command(verb: string, { family, table, chain, args }: IptablesAction): string[] {
  return [family === 4 ? 'iptables' : 'ip6tables', '-w', '-t', table, verb, chain, ...args];
}
