/** Makes conntrack forget flows. */
import { familyOf, prefixLength, shortSubnet } from '../../address/cidr.ts';
import type { Flows } from '../../kinds/flows/schema.ts';
import { knownFlows } from './list.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec, RunOptions } from '../ports.ts';

/** A process each takes 12 ms [measured]; one for all needs `-R`, which is new in conntrack 1.4.7. */
const many = 32;
/** Each walks through the whole table, which takes 8 ms: so many of them stay below the time limit of a program. */
const atOnce = 1000;
/** It opens its stdin anew, as a file: what Node gives a program is a socket, and cannot be opened. */
const throughPipe = ['sh', '-c', 'cat | "$@"', 'sh'];
/** Each try has deleted some, and new ones have their own address already. */
const mostTries = 50;

/**
 * None to forget is no error.
 *
 * @returns whether there was any
 */
export async function forgetFlows(exec: Exec, flows: readonly Flows[]): Promise<boolean> {
  if (flows.length <= many) {
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

/** A flow that ends by itself between being listed and being deleted makes it stop there: it begins again. */
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

/** Deletes what was begun by an address of `from`, to one of `to` where that is given, or what others began and it answers. */
export function conntrackArgs({ from, to, called }: Flows): string[] {
  const family = familyOf(from) === 4 ? 'ipv4' : 'ipv6';
  // conntrack takes a prefix length for what a flow began with alone.
  const source = called ? ['-r', shortSubnet(from)] : prefixLength(from) === 0 ? [] : ['-s', from];
  return ['-D', '-f', family, ...source, ...(to === undefined ? [] : ['-d', to])];
}
