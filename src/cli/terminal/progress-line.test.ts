import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressLine } from './progress-line.ts';

const gone = '\r\u001B[K';
const work = {
  what: 'writing nft',
  step: { name: 'step', number: 3, of: 9 },
  objects: 20_000,
};

describe('a progress line', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function screen(columns?: number) {
    const written: string[] = [];
    return {
      written,
      ...(columns === undefined ? {} : { columns }),
      write: (text: string) => void written.push(text),
      take: () => written.splice(0).join(''),
    };
  }

  it('is not shown for work of less than half a second', () => {
    const seen = screen();
    const line = createProgressLine(seen);
    line.report(work);
    vi.advanceTimersByTime(400);
    line.end();
    vi.advanceTimersByTime(5000);
    expect(seen.written).toEqual([]);
  });

  it('shows the work, its progress and its time, and is cleared at the end', () => {
    const seen = screen();
    const line = createProgressLine(seen);
    line.report(work);
    vi.advanceTimersByTime(600);
    expect(seen.take()).toBe('writing nft: step 3 of 9, 20,000 objects');
    vi.advanceTimersByTime(600);
    expect(seen.take()).toBe(`${gone}writing nft: step 3 of 9, 20,000 objects, 1 s`);
    vi.advanceTimersByTime(700);
    expect(seen.take()).toBe('');
    line.end();
    expect(seen.take()).toBe(gone);
  });

  it('shows short steps of long work', () => {
    const seen = screen();
    const line = createProgressLine(seen);
    line.report({ what: 'reading this host' });
    vi.advanceTimersByTime(600);
    line.report(work);
    expect(seen.take()).toBe(`reading this host ...${gone}writing nft: step 3 of 9, 20,000 objects`);
  });

  it('is cleared before other output, and shown again', () => {
    const seen = screen();
    const line = createProgressLine(seen);
    line.report({ what: 'reading this host' });
    vi.advanceTimersByTime(600);
    line.hide();
    expect(seen.take()).toBe(`reading this host ...${gone}`);
    vi.advanceTimersByTime(100);
    expect(seen.take()).toBe('reading this host ...');
  });

  it('is updated on reports, also while computation blocks the timer', () => {
    const seen = screen();
    let time = 0;
    const line = createProgressLine(seen, () => time);
    line.report({ what: 'reading the file' });
    time = 700;
    line.report({ what: 'reading this host' });
    expect(seen.take()).toBe('reading this host ...');
  });

  it('never wraps', () => {
    const seen = screen(20);
    const line = createProgressLine(seen);
    line.report(work);
    vi.advanceTimersByTime(600);
    expect(seen.take()).toBe('writing nft: step 3');
  });

  it('is complete when the width is unknown', () => {
    const seen = screen(0);
    const line = createProgressLine(seen);
    line.report(work);
    vi.advanceTimersByTime(600);
    expect(seen.take()).toBe('writing nft: step 3 of 9, 20,000 objects');
  });
});
