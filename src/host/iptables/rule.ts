/** Checks for our rule in a chain of iptables. */
import { type IptablesAction, iptablesCommand } from '../../kinds/iptables-rule/action.ts';
import type { Exec } from '../ports.ts';

/** `-C` fails when the rule or the chain is missing. */
export async function isRuleThere(exec: Exec, action: IptablesAction): Promise<boolean> {
  return (await exec.run(iptablesCommand(action, '-C'))).exitCode === 0;
}
