import { MustredirectError } from '../../error.ts';
import { batchText } from '../../host/ip/batch.ts';
import { readLinks } from '../../host/ip/links.ts';
import type { Exec } from '../../host/ports.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { TunnelAction } from '../../kinds/tunnel/action.ts';
import type { Port } from './port.ts';

export const tunnelPort: Port<TunnelAction> = {
  async perform({ device, lines, wireguard }, { host }) {
    await runOrFail(host.exec, ['ip', '-batch', '-'], { input: batchText(lines) });
    if (wireguard.length > 0) await setWireguard(host.exec, device, wireguard);
  },
  async performUndo({ device, lines, wireguard }, { host }) {
    const found = (await readLinks(host.exec)).find(({ name }) => name === device);
    // A device that another program has made in between is kept.
    if (found && !found.ours) return;
    // `-force` continues after a failed line. Reading the host back shows whether the state is right.
    await host.exec.run(['ip', '-force', '-batch', '-'], { input: batchText(lines) });
    if (wireguard.length > 0) await host.exec.run(['wg', 'set', device, ...wireguard]);
  },
};

/** `wg` prints a key that it cannot read: what it prints about keys is kept out of our messages. */
async function setWireguard(exec: Exec, device: string, words: readonly string[]): Promise<void> {
  const argv = ['wg', 'set', device, ...words];
  const { exitCode, stderr } = await exec.run(argv);
  if (exitCode === 0) return;
  const lines = stderr.split('\n').filter((line) => line !== '' && !/key/i.test(line));
  const printed = lines.join('\n') || 'it could not read the key file';
  throw new MustredirectError('failed', `${argv.join(' ')}: ${printed}`);
}
