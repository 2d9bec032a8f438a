/** Makes conntrack forget flows. */
import { familyOf } from '../address/cidr.ts';
import type { Flows } from '../state/ledger.ts';
import { commandError, runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

/** A process each takes 12 ms [measured]; one for all needs `-R`, which is new in conntrack 1.4.7. */
const many = 16;

/** None to forget is no error. */
export async function forgetFlows(exec: Exec, flows: readonly Flows[]): Promise<void> {
  if (flows.length <= many) {
    for (const some of flows) await forget(exec, some);
    return;
  }
  const lines = flows.map((some) => `${conntrackArgs(some).join(' ')}\n`);
  await runOrFail(exec, ['conntrack', '-R', '-'], { input: lines.join(''), timeout: 120_000 });
}

async function forget(exec: Exec, flows: Flows): Promise<void> {
  const argv = ['conntrack', ...conntrackArgs(flows)];
  const output = await exec.run(argv);
  if (output.exitCode === 0 || output.stderr.includes('0 flow entries')) return;
  throw commandError(argv, output);
}

/** Deletes what was begun by an address of `from`, to one of `to` where that is given. */
export function conntrackArgs({ from, to }: Flows): string[] {
  const family = familyOf(from) === 4 ? 'ipv4' : 'ipv6';
  return ['-D', '-f', family, '-s', from, ...(to === undefined ? [] : ['-d', to])];
}
