/** Number of connections with a mark, for `status`. */
import type { Family } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

/** The kernel compares the marks: entries with other ones are not copied out. */
export async function countConnections(
  exec: Exec,
  family: Family,
  mark: { readonly value: number; readonly mask: number },
): Promise<number> {
  const argv = ['conntrack', '-L', '-f', `ipv${family}`, '-m', `${hex(mark.value)}/${hex(mark.mask)}`];
  const output = await exec.run(argv);
  if (output.exitCode === programNotFound) throw missingProgram('conntrack');
  if (output.exitCode !== 0) throw commandError(argv, output);
  return output.stdout.split('\n').filter((line) => line.includes(' src=')).length;
}
