import { describe, expect, it } from 'vitest';
import { recordOf } from '../event/record.ts';
import { createEventStreams } from './event-streams.ts';

/** Events for a client that connects again. */
function missedAfter(lastId: (ids: readonly number[]) => number | undefined): string[] {
  const state = () => ({ kind: 'state', healthy: true, reasons: [] }) as const;
  const streams = createEventStreams({ time: () => '2026-11-30T12:00:00.000Z', state, every() {} });
  for (const what of ['first', 'second']) streams.add(recordOf({ kind: 'drift', what }, 0));
  const first = Date.parse('2026-11-30T12:00:00.000Z') + 1;
  let text = '';
  streams.open(
    {
      writeHead: () => undefined as never,
      write: (piece: string) => (text += piece) !== '',
      destroy: () => undefined as never,
      writableLength: 0,
      once: () => undefined as never,
      flushHeaders() {},
    },
    lastId([first, first + 1]),
  );
  return Array.from(text.matchAll(/"what":"(\w+)"/g), ([, what = '']) => what);
}

describe('a client of events', () => {
  it('gets those after its last one, and none when it is new', () => {
    expect(missedAfter(([first]) => first)).toEqual(['second']);
    expect(missedAfter(([, second]) => second)).toEqual([]);
    expect(missedAfter(() => undefined)).toEqual([]);
  });

  it('gets all that there are when its last one is still to come: the clock was set back, and the agent restarted', () => {
    expect(missedAfter(([, second = 0]) => second + 60_000)).toEqual(['first', 'second']);
  });
});
