import { describe, expect, it } from 'vitest';
import { type Agent, createAgent } from './agent.ts';
import { eventText } from './event/event-text.ts';
import type { Reading } from './reading.ts';

/** An agent on a clock of its own, whose host differs from the file when a test says so. */
function agentOf(readingAt: (read: number) => Reading | Error, readTakes = 0) {
  const controller = new AbortController();
  const log: string[] = [];
  const readTimes: number[] = [];
  const wholeReads: boolean[] = [];
  let time = 0;
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const agent: Agent = createAgent(
    {
      now: () => time,
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) {
            resolve();
            return;
          }
          const onAbort = (): void => {
            sleepers = sleepers.filter((other) => other !== sleeper);
            resolve();
          };
          const sleeper = {
            until: time + milliseconds,
            wake() {
              signal.removeEventListener('abort', onAbort);
              resolve();
            },
          };
          sleepers.push(sleeper);
          signal.addEventListener('abort', onAbort, { once: true });
        }),
      read: async (whole) => {
        readTimes.push(time);
        wholeReads.push(whole);
        time += readTakes;
        const reading = readingAt(readTimes.length);
        if (reading instanceof Error) throw reading;
        return reading;
      },
      emit: (event) => event.kind !== 'read' && event.kind !== 'drift' && log.push(eventText(event)),
    },
    controller.signal,
  );
  const ended = agent.run();
  /** Lets time pass, and everything happen that is due in it. */
  const pass = async (milliseconds: number): Promise<void> => {
    const end = time + milliseconds;
    for (;;) {
      // Promises that are due settle in some rounds.
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      const next = sleepers.toSorted((a, b) => a.until - b.until)[0];
      if (!next || next.until > end) break;
      time = next.until;
      sleepers = sleepers.filter((other) => other !== next);
      next.wake();
    }
    time = end;
  };
  return { agent, log, readTimes, wholeReads, pass, ended, stop: () => controller.abort() };
}

const rest: Reading = { kind: 'rest' };
const differs = (repair: () => Promise<boolean>): Reading => ({
  kind: 'differs',
  what: '+ rule 4100',
  repair,
});

describe('the agent', () => {
  it('reads when it starts, and every 30 s', async () => {
    const { readTimes, pass } = agentOf(() => rest);
    await pass(70_000);
    expect(readTimes).toEqual([10, 30_020, 60_030]);
  });

  it('reads 10 ms after a signal, once for all that come meanwhile', async () => {
    const { agent, readTimes, pass } = agentOf(() => rest);
    await pass(5000);
    agent.signal();
    agent.signal();
    await pass(5);
    agent.signal();
    await pass(1000);
    expect(readTimes).toEqual([10, 5010]);
  });

  it('reads at most a few times a second in a storm, and once after it', async () => {
    const { agent, readTimes, pass } = agentOf(() => rest);
    await pass(5000);
    for (let i = 0; i < 1000; i += 1) {
      agent.signal();
      await pass(10);
    }
    const inStorm = readTimes.filter((time) => time > 5000 && time <= 15_000);
    expect(inStorm.length).toBeGreaterThan(28);
    expect(inStorm.length).toBeLessThan(38);
    await pass(2000);
    expect(readTimes.at(-1)).toBeGreaterThan(14_990);
  });

  it('reads the whole host at first, and every 30 s also in a storm', async () => {
    const { agent, readTimes, wholeReads, pass } = agentOf(() => rest);
    for (let i = 0; i < 700; i += 1) {
      agent.signal();
      await pass(100);
    }
    const times = readTimes.filter((_, i) => wholeReads[i]);
    expect(times.length).toBe(3);
    expect(times[0]).toBe(10);
    expect(times[1]).toBeGreaterThanOrEqual(30_010);
    expect(times[1]).toBeLessThan(30_500);
  });

  it.each([
    [200, 30_000],
    [600, 120_000],
    [10_000, 300_000],
  ])('of a host that takes %i ms to be read, it reads the whole again after %i ms', async (takes, rests) => {
    const { readTimes, wholeReads, pass } = agentOf(() => rest, takes);
    await pass(rests + 20_000);
    const times = readTimes.filter((_, i) => wholeReads[i]);
    expect(times.length).toBe(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(rests);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(rests + 35_000);
    // Files and settings are read in between.
    const pauses = readTimes.slice(1).map((time, i) => time - (readTimes[i] ?? 0) - takes);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_010);
  });

  it('rests while it waits for a signal', async () => {
    const { agent, pass, stop } = agentOf(() => rest);
    await pass(1000);
    expect(agent.isResting()).toBe(true);
    stop();
    await pass(1000);
    expect(agent.isResting()).toBe(false);
  });

  it('reads the whole host after a failure', async () => {
    const { agent, wholeReads, pass } = agentOf((read) => (read === 2 ? new Error('nft: broken') : rest));
    await pass(1000);
    agent.signal();
    await pass(5000);
    expect(wholeReads).toEqual([true, false, true]);
  });

  it('repairs what differs, and says how long it took from the signal on', async () => {
    let repaired = 0;
    const { agent, log, pass } = agentOf((read) =>
      read === 2
        ? differs(async () => {
            repaired += 1;
            return true;
          })
        : rest,
    );
    await pass(5000);
    agent.signal();
    await pass(1000);
    expect(repaired).toBe(1);
    expect(log).toEqual(['repaired in 10 ms: + rule 4100']);
    expect(agent.state()).toMatchObject({
      reads: 2,
      repairs: 1,
      lastRepair: { what: '+ rule 4100', took: 10 },
    });
  });

  it('reads again when a signal comes during a repair', async () => {
    const { agent, readTimes, pass } = agentOf((read) =>
      read === 1 ? differs(async () => (agent.signal(), true)) : rest,
    );
    await pass(1000);
    expect(readTimes).toEqual([10, 20]);
  });

  it('reads again, and counts no repair, when another run came before the repair', async () => {
    const { agent, log, readTimes, pass } = agentOf((read) =>
      read === 1 ? differs(async () => false) : rest,
    );
    await pass(1000);
    expect(readTimes).toEqual([10, 20]);
    expect(log).toEqual([]);
    expect(agent.state()).toMatchObject({ reads: 2, repairs: 0 });
  });

  it('tries again after 1, 2, 4 ... 30 s when it fails, and says so once', async () => {
    const { agent, log, readTimes, pass } = agentOf((read) => (read < 9 ? new Error('nft: broken') : rest));
    await pass(200_000);
    const pauses = readTimes.slice(1, 9).map((time, i) => time - (readTimes[i] ?? 0) - 10);
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(log).toEqual([
      'failed, and is tried again: nft: broken',
      'reading this host works again, after 8 failures',
    ]);
    expect(agent.state().failure).toBeUndefined();
  });

  it('knows what is wrong with the file until it is good again', async () => {
    const { agent, pass } = agentOf((read) => (read < 4 ? { ...rest, problem: 'line 3: wrong' } : rest));
    await pass(70_000);
    expect(agent.state().problem).toBe('line 3: wrong');
    await pass(70_000);
    expect(agent.state().problem).toBeUndefined();
  });

  it('says once what is closed or waits, and when that is over, whatever else it waits for meanwhile', async () => {
    const { agent, log, pass } = agentOf((read) => {
      if (read === 2) return { ...rest, why: 'another run is at work' };
      return read < 4 ? { ...rest, reports: [{ text: 'network web is gone' }] } : rest;
    });
    await pass(70_000);
    expect(agent.state().reports).toEqual([{ text: 'network web is gone' }]);
    await pass(70_000);
    expect(agent.state().reports).toBeUndefined();
    expect(log).toEqual(['network web is gone', 'another run is at work', 'no longer: network web is gone']);
  });

  it('ends when it is told to', async () => {
    const { ended, pass, stop } = agentOf(() => rest);
    await pass(1000);
    stop();
    await expect(ended).resolves.toBeUndefined();
  });
});
