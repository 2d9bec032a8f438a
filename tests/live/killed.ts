/** Runs of the program that are killed on their way. */
import { fileURLToPath } from 'node:url';
import type { TestHost } from '../../src/lab/test-host.ts';
import { programPath } from './program.ts';

const preload = fileURLToPath(new URL('kill-at.js', import.meta.url));

/** 0: before the first step; N: before step N, when the journal has it; `last`: after the last step */
export type Boundary = number | 'last';

/** @returns whether it was killed there; it was not when it has no such boundary, and has come to its end */
export async function runKilled(
  host: TestHost,
  boundary: Boundary,
  ...args: readonly string[]
): Promise<boolean> {
  const settings = [`KILL_AT=${boundary}`, `NODE_OPTIONS=--import=${preload}`];
  const { exitCode, stdout, stderr } = await host.exec.run(['env', ...settings, programPath, ...args]);
  if (exitCode === 128 + 9) return true;
  if (exitCode === 0) return false;
  throw new Error(`mustredirect ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
}

/** Calls it for every boundary of a run, and tells how many there are. */
export async function atEachBoundary(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  let count = 0;
  while (await kill(count)) count += 1;
  if (!(await kill('last'))) throw new Error('the run was not killed before its end');
  return count + 1;
}
