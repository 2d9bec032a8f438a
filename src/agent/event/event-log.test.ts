import { describe, expect, it } from 'vitest';
import { createEventLog } from './event-log.ts';
import { recordText } from './record.ts';

function started() {
  let time = 0;
  let works: { readonly at: number; readonly work: () => void }[] = [];
  const log = createEventLog({
    now: () => time,
    clock: () => time,
    later: (milliseconds, work) => void works.push({ at: time + milliseconds, work }),
  });
  const [written, sent]: [string[], string[]] = [[], []];
  log.writeTo((record) => written.push(recordText(record)), 'info');
  log.sendTo((record) => sent.push(record.kind));
  const pass = (milliseconds: number): void => {
    const end = time + milliseconds;
    for (;;) {
      const next = works.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      works = works.filter((one) => one !== next);
      time = next.at;
      next.work();
    }
    time = end;
  };
  return { log, written, sent, pass, waiting: () => works.length };
}

describe('the log', () => {
  it('writes what is important enough, and sends what a program can use', () => {
    const { log, written, sent } = started();
    log.emit({ kind: 'read', whole: true, took: 1 });
    log.emit({ kind: 'run', text: '$ ip rule' });
    log.emit({ kind: 'drift', what: '+ rule' });
    log.emit({ kind: 'repair', what: '+ rule', took: 7 });
    expect(written).toEqual(['repaired in 7 ms: + rule']);
    expect(sent).toEqual(['drift', 'repair']);
  });

  it('writes everything for whoever asks for it, without counting', () => {
    const { log } = started();
    const all: string[] = [];
    log.writeTo((record) => all.push(record.message), 'debug');
    for (let i = 0; i < 100; i += 1) log.emit({ kind: 'run', text: `$ ip rule ${i}` });
    expect(all).toHaveLength(100);
  });

  it('10,000 events are few lines, for files and for programs alike, and it rests afterwards', () => {
    const { log, written, sent, pass, waiting } = started();
    for (let i = 0; i < 10_000; i += 1) {
      log.emit({ kind: 'failure', error: 'no nft' });
      pass(1);
    }
    pass(60_000);
    const counts = written.map((text) => Number(/\((\d+) times in/.exec(text)?.[1] ?? 1));
    expect(counts.reduce((total, one) => total + one, 0)).toBe(10_000);
    expect(written.length).toBeLessThanOrEqual(10);
    expect(sent).toHaveLength(written.length);
    expect(waiting()).toBe(0);
  });

  it('tells at its end what was counted', () => {
    const { log, written } = started();
    for (let i = 0; i < 8; i += 1) log.emit({ kind: 'failure', error: 'no nft' });
    expect(written).toHaveLength(5);
    log.flush();
    expect(written.at(-1)).toContain('(3 times in less than 1 s)');
  });
});
