/** Deletes conntrack entries of flows. */
import { familyOf, prefixLength, shortSubnet, fullPrefixLength } from '../../address/cidr.ts';
import type { Flows } from '../../kinds/flows/schema.ts';
import { knownFlows } from './list.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec, RunOptions } from '../ports.ts';

/** Above this number, one `conntrack -R` (new in 1.4.7) deletes all flows: one process each takes 12 ms [measured]. */
const many = 32;
/** Each deletion walks the whole table, which takes 8 ms: this many stay below the time limit of a program. */
const atOnce = 1000;
/** conntrack opens its stdin anew as a file, which fails for the socket that Node passes: a pipe from `cat` works. */
const throughPipe = ['sh', '-c', 'cat | "$@"', 'sh'];
/** Each try deletes some entries; new ones already have the new source address. */
const mostTries = 50;

/**
 * Deletes the conntrack entries of these flows.
 *
 * @returns whether there were any
 */
export async function forgetFlows(exec: Exec, flows: readonly Flows[]): Promise<boolean> {
  if (flows.length <= many && flows.every(isDeletedAtOnce)) {
    let any = false;
    for (const some of flows) any = (await forget(exec, ['conntrack', ...conntrackArgs(some)])) || any;
    return any;
  }
  const known = await knownFlows(exec, flows);
  for (let at = 0; at < known.length; at += atOnce) {
    const lines = known.slice(at, at + atOnce).map((some) => `${conntrackArgs(some).join(' ')}\n`);
    await forget(exec, [...throughPipe, 'conntrack', '-R', '-'], { input: lines.join(''), timeout: 120_000 });
  }
  return known.length > 0;
}

/** conntrack stops when a flow ends between being listed and being deleted: the deletion is retried. */
async function forget(exec: Exec, argv: readonly string[], options?: RunOptions): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const output = await exec.run(argv, options);
    if (output.stderr.includes(' 0 flow entries')) return false;
    if (output.exitCode === 0) return true;
    if (output.exitCode === programNotFound) throw missingProgram('conntrack');
    if (tries === mostTries || !output.stderr.includes("such conntrack doesn't exist")) {
      throw commandError(argv, output);
    }
  }
}

/** conntrack accepts a prefix length only for the original direction, not for the address that replies. */
function isDeletedAtOnce({ from, inbound }: Flows): boolean {
  return !inbound || prefixLength(from) === fullPrefixLength(familyOf(from));
}

/**
 * Arguments that delete flows from `from`, to `to` if given, or inbound ones, which `from` replies to.
 *
 * @throws if they are inbound, and `from` is more than one address
 */
export function conntrackArgs(flows: Flows): string[] {
  if (!isDeletedAtOnce(flows)) throw new Error(`conntrack -r takes one address, not ${flows.from}`);
  const { from, to, inbound } = flows;
  const family = familyOf(from) === 4 ? 'ipv4' : 'ipv6';
  const source = inbound ? ['-r', shortSubnet(from)] : prefixLength(from) === 0 ? [] : ['-s', from];
  return ['-D', '-f', family, ...source, ...(to === undefined ? [] : ['-d', to])];
}
