/** Runs of the program that are killed. */
import { fileURLToPath } from 'node:url';
import type { TestHost } from '../../src/lab/test-host.ts';
import { programPath } from './program.ts';

const preload = fileURLToPath(new URL('kill-at.js', import.meta.url));

/**
 * 0: before the first step; N: before step N, after the journal has it; `done`: after the last step, before the history
 * has the run; `last`: after that, before the journal is removed
 */
export type Boundary = number | (typeof ends)[number];

const ends = ['done', 'last'] as const;

/** @returns whether it was killed there; false when the run has no such boundary, and completed */
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

/** Calls `kill` for every boundary of a run, and returns their number. */
export async function atEachBoundary(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  let count = 0;
  while (await kill(count)) count += 1;
  for (const end of ends) {
    if (!(await kill(end))) throw new Error(`the run was not killed at ${end}`);
  }
  return count + ends.length;
}
