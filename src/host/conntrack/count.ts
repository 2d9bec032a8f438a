/** Number of connections with a mark, for `status`. */
import { type Family, type Subnet, contains } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

/** Source of the original direction: the first one of a line. */
const sourceOf = /^[^=\n]* src=([\da-f.:]+) /gm;

/**
 * The kernel compares the marks: entries with other ones are not copied out.
 *
 * @param from subnets that the connections come from
 */
export async function countConnections(
  exec: Exec,
  family: Family,
  mark: { readonly value: number; readonly mask: number },
  from: readonly Subnet[],
): Promise<number> {
  const argv = ['conntrack', '-L', '-f', `ipv${family}`, '-m', `${hex(mark.value)}/${hex(mark.mask)}`];
  const output = await exec.run(argv);
  if (output.exitCode === programNotFound) throw missingProgram('conntrack');
  if (output.exitCode !== 0) throw commandError(argv, output);
  const sources = Array.from(output.stdout.matchAll(sourceOf), ([, source = '']) => source);
  return sources.filter((source) => from.some((subnet) => contains(subnet, source))).length;
}
