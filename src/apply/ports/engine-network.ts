import { readAllNetworks } from '../../engines/index.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { NetworkAction } from '../../kinds/engine-network/action.ts';
import type { ApplyContext } from '../apply-context.ts';
import type { Port } from './port.ts';

export const networkPort: Port<NetworkAction> = {
  perform: run,
  async performUndo(action, context) {
    if (await isToBeUndone(action, context)) await run(action, context);
  },
};

async function run(action: NetworkAction, { host, engines }: ApplyContext): Promise<void> {
  const engine = engines[action.engine];
  const argv =
    action.kind === 'create-network' ? engine.createCommand(action) : engine.removeCommand(action.name);
  if (!argv) return;
  try {
    await runOrFail(host.exec, argv, { timeout: 60_000 });
  } finally {
    engine.onChanged?.();
  }
}

/** A network that we failed to create may exist nevertheless, as a foreign one, which is kept. */
async function isToBeUndone(action: NetworkAction, { host, engines }: ApplyContext): Promise<boolean> {
  const [found] = await readAllNetworks(host, engines, [action]);
  if (!found) return false;
  return action.kind === 'create-network' ? !found.exists : found.exists && found.ours === true;
}
