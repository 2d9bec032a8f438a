/** Counts work instead of measuring time: the result is the same on every machine under any load. */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

// Optimised code counts only part of its work, and a function only if it is compiled from here on. Each test file has
// a process of its own.
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** @returns number of entered functions, branches and loop bodies, except those of Node */
export async function countWork(run: () => void | Promise<void>): Promise<number> {
  takeCounts();
  await run();
  return takeCounts();
}

function takeCounts(): number {
  let work = 0;
  // In the same process, the callback runs at once.
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    const counted = result.filter(({ url }) => !url.startsWith('node:'));
    for (const { ranges } of counted.flatMap(({ functions }) => functions)) {
      for (const { count } of ranges) work += count;
    }
  });
  return work;
}
