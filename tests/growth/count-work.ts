/** How much is done, counted and not timed: the same on every machine, however busy it is. */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

// Code that is optimised counts only a part of what it does, and a function only when it is compiled from here on. Each
// file of tests has a process of its own.
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** @returns how often any function, branch or body of a loop was entered, but those of Node itself */
export async function countWork(run: () => void | Promise<void>): Promise<number> {
  takeCounts();
  await run();
  return takeCounts();
}

function takeCounts(): number {
  let work = 0;
  // In the same process it is answered at once.
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    const counted = result.filter(({ url }) => !url.startsWith('node:'));
    for (const { ranges } of counted.flatMap(({ functions }) => functions)) {
      for (const { count } of ranges) work += count;
    }
  });
  return work;
}
