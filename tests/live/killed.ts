/** Runs of the program that are killed. */
import { fileURLToPath } from 'node:url';
import type { TestHost } from '../../src/lab/test-host.ts';
import { isThorough } from '../thorough.ts';
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

/**
 * Calls `kill` for boundaries of a run: with `THOROUGH=1` for each of them, otherwise for two at random.
 *
 * @returns how many it was killed at
 */
export async function atBoundaries(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  let count = 0;
  if (isThorough) while (await kill(count)) count += 1;
  else count = await atRandomStep(kill);
  const last = isThorough ? ends : [oneOf(ends)];
  for (const end of last) {
    if (!(await kill(end))) throw new Error(`the run was not killed at ${end}`);
  }
  return count + last.length;
}

/** No run has more steps. */
const mostSteps = 16;

async function atRandomStep(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  let step = Math.floor(Math.random() * mostSteps);
  // Nobody knows how many steps a run has: it completes when it has fewer.
  while (!(await kill(step))) {
    if (step === 0) throw new Error('the run has no steps');
    step = Math.floor(Math.random() * step);
  }
  return 1;
}

function oneOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}
