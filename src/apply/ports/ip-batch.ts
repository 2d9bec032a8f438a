import { MustredirectError } from '../../error.ts';
import { batchText, failedLine, outputOfLine } from '../../host/ip/batch.ts';
import type { Output } from '../../host/ports.ts';
import { commandError } from '../../host/process/exec.ts';
import type { IpBatch } from '../../kinds/ip-batch/action.ts';
import type { Port } from './port.ts';

export const ipPort: Port<IpBatch> = {
  async perform({ family, lines }, _, exec) {
    const argv = ['ip', `-${family}`, '-batch', '-'];
    const output = await exec.run(argv, { input: batchText(lines) });
    if (output.exitCode !== 0) throw batchError(argv, lines, output);
  },
  // `-force` continues after a failed line. Reading the host back shows whether the state is right.
  async performUndo({ family, lines }, { host }) {
    await host.exec.run(['ip', '-force', `-${family}`, '-batch', '-'], { input: batchText(lines) });
  },
};

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
