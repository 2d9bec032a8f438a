/** Makes conntrack forget flows. */
import { type Family, type Subnet, familyOf } from '../address/cidr.ts';
import { commandError, runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

/** A process each takes 12 ms [measured]; one for all needs `-R`, which is new in conntrack 1.4.7. */
const manySubnets = 16;

/** Forgets every flow that an address of one of the subnets began. None is no error. */
export async function forgetFlows(exec: Exec, subnets: readonly Subnet[]): Promise<void> {
  if (subnets.length <= manySubnets) {
    for (const subnet of subnets) await forgetSubnet(exec, subnet);
    return;
  }
  const lines = subnets.map((subnet) => `-D -f ${familyName(familyOf(subnet))} -s ${subnet}\n`);
  await runOrFail(exec, ['conntrack', '-R', '-'], { input: lines.join(''), timeout: 120_000 });
}

async function forgetSubnet(exec: Exec, subnet: Subnet): Promise<void> {
  const argv = ['conntrack', '-D', '-f', familyName(familyOf(subnet)), '-s', subnet];
  const output = await exec.run(argv);
  if (output.exitCode === 0 || output.stderr.includes('0 flow entries')) return;
  throw commandError(argv, output);
}

function familyName(family: Family): string {
  return family === 4 ? 'ipv4' : 'ipv6';
}
