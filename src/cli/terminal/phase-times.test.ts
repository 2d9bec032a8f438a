import { expect, it } from 'vitest';
import type { Work } from '../../host/progress.ts';
import { createPhaseTimes } from './phase-times.ts';

it('createPhaseTimes prints each part when the next one begins, and the last one at the end', () => {
  const told: string[] = [];
  const passed: Work[] = [];
  let time = 1000;
  const times = createPhaseTimes(
    (text) => told.push(text),
    (work) => passed.push(work),
    () => time,
  );
  times.report({ what: 'reading the file' });
  expect(told).toEqual([]);
  time += 314;
  times.report({ what: 'writing nft', objects: 7 });
  expect(told).toEqual(['reading the file: 0.31 s']);
  time += 2;
  times.end();
  times.end();
  expect(told).toEqual(['reading the file: 0.31 s', 'writing nft: 0.00 s']);
  expect(passed).toEqual([{ what: 'reading the file' }, { what: 'writing nft', objects: 7 }]);
});
