/** Makes conntrack forget flows. */
import type { Subnet } from '../address/cidr.ts';
import { commandError } from './exec.ts';
import type { Exec } from './ports.ts';

/** Forgets every flow that an address of the subnet began. None is no error. */
export async function forgetFlows(exec: Exec, subnet: Subnet): Promise<void> {
  const argv = ['conntrack', '-D', '-s', subnet];
  const output = await exec.run(argv);
  if (output.exitCode === 0 || output.stderr.includes('0 flow entries')) return;
  throw commandError(argv, output);
}
