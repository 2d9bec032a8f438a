/** Does one action on a host. */
import { type Engines, readAllNetworks } from '../engines/index.ts';
import { MustredirectError } from '../error.ts';
import { forgetFlows } from '../host/conntrack/forget.ts';
import { commandError, runOrFail } from '../host/process/exec.ts';
import { interruptibleExec } from '../host/process/interrupt.ts';
import { batchText, failedLine, outputOfLine } from '../host/ip/batch.ts';
import { iptablesCommand, isRuleThere } from '../host/iptables/rule.ts';
import type { Exec, Host, Output } from '../host/ports.ts';
import type { Progress } from '../host/progress.ts';
import { writeSysctl } from '../host/files/sysctl.ts';
import type { Action } from '../plan/action.ts';
import { openFlows, resetConnections, runNft } from './end-flows.ts';
import type { Pause } from './pause.ts';
import type { Sender } from './senders.ts';
import { type LedgerKeeper, keptOriginal } from './ledger-keeper.ts';

export interface ApplyContext {
  readonly host: Host;
  readonly engines: Engines;
  readonly keeper: LedgerKeeper;
  readonly pause: Pause;
  /** taking down: those of whom nothing is let through while they go on sending */
  readonly senders?: readonly Sender[] | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * @param signal cuts what may be cut: where a batch was ended, its inverse undoes any part of it. What an engine was asked for
 *   its daemon does all the same, also when nobody waits for it any more: that is waited for.
 */
export async function perform(
  action: Action,
  { host, engines, keeper, pause, senders }: ApplyContext,
  signal?: AbortSignal,
): Promise<void> {
  const exec = interruptibleExec(host.exec, signal);
  switch (action.kind) {
    case 'ip':
      return runIpBatch(exec, action);
    case 'nft':
      return runNft(exec, action.text);
    case 'insert-iptables-rule':
    case 'delete-iptables-rule':
      await runOrFail(host.exec, iptablesCommand(action));
      return;
    case 'sysctl':
      for (const [name, value] of Object.entries(action.values)) await writeSysctl(host.files, name, value);
      return;
    case 'create-network':
      return runEngine(host.exec, engines[action.engine].createCommand(action));
    case 'remove-network':
      return runEngine(host.exec, engines[action.engine].removeCommand(action.name));
    case 'set-masquerade':
      return setMasquerade(action, { host, engines, keeper, pause });
    case 'forget-flows':
      await forgetFlows(exec, action.flows);
      return;
    case 'reset-connections':
      return resetConnections(exec, action, pause);
    case 'open':
      return openFlows(exec, action, pause, senders);
  }
}

/**
 * Undoes an action that may have been done in part, or not at all: what is not there to be taken away is no
 * error, and one that cannot be undone does not keep the others from it.
 */
export async function performUndo(action: Action, workplace: ApplyContext): Promise<void> {
  switch (action.kind) {
    case 'ip':
      // `-force` goes on after a line that fails. Reading back tells whether the state is right.
      await workplace.host.exec.run(['ip', '-force', `-${action.family}`, '-batch', '-'], {
        input: batchText(action.lines),
      });
      return;
    case 'create-network':
    case 'remove-network':
      if (await isToBeUndone(action, workplace)) await perform(action, workplace);
      return;
    case 'insert-iptables-rule':
    case 'delete-iptables-rule':
      if ((await isRuleThere(workplace.host.exec, action)) === (action.kind === 'delete-iptables-rule')) {
        await perform(action, workplace);
      }
      return;
    case 'nft':
    case 'sysctl':
    case 'set-masquerade':
    case 'forget-flows':
    case 'reset-connections':
    case 'open':
      return perform(action, workplace);
  }
}

/** A network that could not be made may be there all the same: somebody else's, and none of our business. */
async function isToBeUndone(
  action: Extract<Action, { kind: 'create-network' | 'remove-network' }>,
  { host, engines }: ApplyContext,
): Promise<boolean> {
  const [found] = await readAllNetworks(host, engines, [action]);
  if (!found) return false;
  return action.kind === 'create-network' ? !found.exists : found.exists && found.ours === true;
}

async function runIpBatch(exec: Exec, { family, lines }: Extract<Action, { kind: 'ip' }>): Promise<void> {
  const argv = ['ip', `-${family}`, '-batch', '-'];
  const output = await exec.run(argv, { input: batchText(lines) });
  if (output.exitCode !== 0) throw batchError(argv, lines, output);
}

function batchError(argv: readonly string[], lines: readonly string[], output: Output): MustredirectError {
  const line = lines[failedLine(output) ?? -1];
  if (line === undefined) return commandError(argv, output);
  const said = outputOfLine(output);
  const error = commandError(['ip', ...line.split(' ')], said);
  if (!/invalid gateway|No route to host|is not up|Network is (down|unreachable)/.test(said.stderr))
    return error;
  return new MustredirectError('failed', error.message, {
    hint: 'the link to the next hop is down, or the next hop is no neighbour on it: look at `ip -br link` and `ip -br address`',
    cause: error,
  });
}

async function runEngine(exec: Exec, argv: readonly string[] | undefined): Promise<void> {
  if (argv) await runOrFail(exec, argv, { timeout: 60_000 });
}

async function setMasquerade(
  action: Extract<Action, { kind: 'set-masquerade' }>,
  { host, engines, keeper }: ApplyContext,
): Promise<void> {
  const { engine, network, file, enabled } = action;
  const content = await host.files.read(file);
  if (content === undefined) {
    throw new MustredirectError('failed', `${file}: is gone`, {
      hint: `\`mustredirect plan\` shows whether network ${network} is gone too`,
    });
  }
  const original = enabled ? keptOriginal(keeper.ledger, engine, network, content) : undefined;
  const edited = original ?? engines[engine].editMasquerade(content, network, enabled);
  if (!enabled)
    await keeper.rememberEdit({ engine, name: network }, { file, original: content, ours: edited });
  await host.files.replace(file, edited);
}
