import { expect, it } from 'vitest';
import type { AgentEvent } from './event/agent-event.ts';
import { createFileEvents } from './file-events.ts';

it('a file is told when it changes, is wrong, and is good again', async () => {
  const told: AgentEvent[] = [];
  const { onFiles, watched } = createFileEvents(
    (event) => told.push(event),
    () => {},
  );
  const looks = [
    [{ wanted: 'a', inForce: 'a' }],
    [{ wanted: 'a', inForce: 'a' }],
    [{ wanted: 'b', inForce: 'a' }, 'line 3: no'],
    [{ wanted: 'b', inForce: 'a' }, 'line 3: no'],
    [{ wanted: 'a', inForce: 'a' }],
    [{}],
  ] as const;
  for (const [hashes, problem] of looks) {
    onFiles(hashes);
    await watched(() => Promise.resolve(problem === undefined ? {} : { problem }));
  }
  expect(told).toEqual([
    { kind: 'file', wanted: 'a', inForce: 'a' },
    { kind: 'file', wanted: 'b', inForce: 'a', problem: 'line 3: no' },
    { kind: 'file', wanted: 'a', inForce: 'a', mended: true },
    { kind: 'file' },
  ]);
});
