/** Runs of the program that are killed. */
import { fileURLToPath } from 'node:url';
import type { TestHost } from '../../src/lab/test-host.ts';
import { isThorough } from '../thorough.ts';
import { programPath, timeout } from './program.ts';

const preload = fileURLToPath(new URL('kill-at.js', import.meta.url));

/**
 * 0: before the first step; N: before step N, after the journal has it; `done`: after the last step, before the history
 * has the run; `last`: after that, before the journal is removed
 */
export type Boundary = number | (typeof ends)[number] | RoutingBoundary;

const ends = ['done', 'last'] as const;

/**
 * Places within the step of the routing daemon. `written`: its configuration is on the disk; `told`: BIRD has it;
 * `ended`: BIRD has ended, and its files are still there; `emptied`: its folder is still there
 */
export type RoutingBoundary = (typeof routingBoundaries)[number];

export const routingBoundaries = ['written', 'told', 'ended', 'emptied'] as const;

/** @returns whether it was killed there; false when the run has no such boundary, and completed */
export async function runKilled(
  host: TestHost,
  boundary: Boundary,
  ...args: readonly string[]
): Promise<boolean> {
  const settings = [`KILL_AT=${boundary}`, `NODE_OPTIONS=--import=${preload}`];
  const { exitCode, stdout, stderr } = await host.exec.run(['env', ...settings, programPath, ...args], {
    timeout,
  });
  if (exitCode === 128 + 9) return true;
  if (exitCode === 0) return false;
  throw new Error(`mustredirect ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
}

/**
 * Calls `kill` for boundaries of a run: with `THOROUGH=1` for each of them, otherwise for one at random.
 *
 * @returns how many it was killed at
 */
export async function atBoundaries(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  if (!isThorough) return atOneBoundary(kill);
  let count = 0;
  while (await kill(count)) count += 1;
  for (const end of ends) await mustBeKilled(kill, end);
  return count + ends.length;
}

/** Most runs have about as many steps, and a boundary after each. */
const usualSteps = 12;

async function atOneBoundary(kill: (boundary: Boundary) => Promise<boolean>): Promise<number> {
  const position = randomBelow(usualSteps + ends.length);
  const end = ends[position - usualSteps];
  if (end !== undefined) {
    await mustBeKilled(kill, end);
    return 1;
  }
  // A run with fewer steps completes.
  let step = position;
  while (step > 0 && !(await kill(step))) step = randomBelow(step);
  if (step === 0) await mustBeKilled(kill, 0);
  return 1;
}

async function mustBeKilled(
  kill: (boundary: Boundary) => Promise<boolean>,
  boundary: Boundary,
): Promise<void> {
  if (!(await kill(boundary))) throw new Error(`the run was not killed at ${boundary}`);
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}
