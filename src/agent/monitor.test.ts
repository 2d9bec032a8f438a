import { describe, expect, it } from 'vitest';
import type { Stream } from '../host/process/stream.ts';
import { type Monitor, type MonitorState, startMonitor } from './monitor.ts';

/** A monitor on a clock that moves only while somebody sleeps. */
function monitorOf(
  lives: readonly { readonly lasts: number; readonly bytes?: readonly number[]; readonly fails?: true }[],
) {
  const controller = new AbortController();
  let time = 0;
  let signals = 0;
  const begins: number[] = [];
  const ended: MonitorState[] = [];
  const left = [...lives];
  const monitor: Monitor = startMonitor(
    { what: 'links', argv: ['ip', 'monitor'] },
    {
      now: () => time,
      sleep: async (milliseconds) => {
        time += milliseconds;
      },
      start: async (_argv, onOutput): Promise<Stream> => {
        begins.push(time);
        const life = left.shift();
        if (!life) {
          controller.abort();
          return { ended: Promise.resolve('ended by the test'), stop() {} };
        }
        if (life.fails) throw new Error('ip: no such program');
        let stopped = false;
        const end = Promise.resolve().then(() => {
          for (const bytes of life.bytes ?? []) if (!stopped) onOutput('x'.repeat(bytes));
          time += life.lasts;
          return stopped ? 'SIGKILL' : 'exit 1: broken';
        });
        return {
          ended: end,
          stop() {
            stopped = true;
          },
        };
      },
    },
    { signal: () => (signals += 1), ended: (state) => ended.push(state) },
    controller.signal,
  );
  return { monitor, begins, ended, signals: () => signals, end: controller.signal };
}

async function untilEnded(end: AbortSignal): Promise<void> {
  if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve));
}

describe('a program that reports events', () => {
  it('is started again after pauses that double up to 30 s, and soon after a long life', async () => {
    const { begins, ended, end } = monitorOf([
      ...Array.from({ length: 8 }, () => ({ lasts: 0 })),
      { lasts: 100_000 },
      { lasts: 0 },
    ]);
    await untilEnded(end);
    const pauses = begins.slice(1).map((begin, i) => begin - (begins[i] ?? 0));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 100_500, 1000]);
    expect(ended.at(-1)).toEqual({
      what: 'links',
      command: 'ip monitor',
      running: false,
      restarts: 10,
      error: 'exit 1: broken',
    });
  });

  it('gives a signal for what it prints, and when it is started again', async () => {
    const { signals, end } = monitorOf([{ lasts: 0, bytes: [10, 20] }]);
    await untilEnded(end);
    expect(signals()).toBe(3);
  });

  it('is ended when it floods us', async () => {
    const { ended, signals, end } = monitorOf([
      { lasts: 0, bytes: Array.from({ length: 100 }, () => 1024 * 1024) },
    ]);
    await untilEnded(end);
    expect(ended[0]?.error).toBe('it flooded us with events');
    expect(signals()).toBe(5);
  });

  it('is tried again when it is missing', async () => {
    const { ended, begins, end } = monitorOf([{ lasts: 0, fails: true }]);
    await untilEnded(end);
    expect(ended[0]?.error).toBe('ip: no such program');
    expect(begins.length).toBe(2);
  });
});
