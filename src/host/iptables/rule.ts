/** Looks for a rule of ours in a chain of iptables. */
import { type IptablesAction, iptablesCommand } from '../../kinds/iptables-rule/action.ts';
import type { Exec } from '../ports.ts';

/** `-C` fails when there is no such rule, and when there is no such chain. */
export async function isRuleThere(exec: Exec, action: IptablesAction): Promise<boolean> {
  return (await exec.run(iptablesCommand(action, '-C'))).exitCode === 0;
}
