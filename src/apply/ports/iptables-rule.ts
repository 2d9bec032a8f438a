import { isRuleThere } from '../../host/iptables/rule.ts';
import { runOrFail } from '../../host/process/exec.ts';
import { type IptablesAction, iptablesCommand } from '../../kinds/iptables-rule/action.ts';
import type { ApplyContext } from '../apply-context.ts';
import type { Port } from './port.ts';

export const iptablesPort: Port<IptablesAction> = {
  perform: run,
  async performUndo(action, context) {
    const isThere = await isRuleThere(context.host.exec, action);
    if (isThere === (action.kind === 'delete-iptables-rule')) await run(action, context);
  },
};

async function run(action: IptablesAction, { host }: ApplyContext): Promise<void> {
  await runOrFail(host.exec, iptablesCommand(action));
}
