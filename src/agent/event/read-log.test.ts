import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../host/process/background.ts';
import type { JournalEntry } from '../../host/process/journal.ts';
import { pause } from '../pause.ts';
import { lineOf } from './log-line.ts';
import { type LogSources, followRecords, readRecords } from './read-log.ts';
import { recordOf } from './record.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'agent-log-')), 'log');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

const always = { from: -Infinity, until: Infinity };
const yes = (): boolean => true;

async function write(...times: readonly number[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = times.map(
    (time) => `${lineOf(recordOf({ kind: 'rest', why: `own ${time}` }, time), 'json')}\n`,
  );
  await appendFile(join(folder, 'current.jsonl'), lines.join(''));
}

/** A journal with entries at these times; one that is followed goes on until it is stopped. */
function journalOf(...times: readonly number[]): NonNullable<LogSources['journal']> {
  return ({ from, until, follow }, onEntry) => {
    let stop = (): void => {};
    const ended = new Promise<string>((resolve) => {
      stop = () => resolve('SIGTERM');
    });
    queueMicrotask(() => {
      for (const time of times) if (time >= from && time <= until) onEntry(entryAt(time));
      if (!follow) stop();
    });
    return Promise.resolve({ ended, stop });
  };
}

function entryAt(time: number): JournalEntry {
  const line = lineOf(recordOf({ kind: 'rest', why: `journal ${time}` }, time), 'journal');
  return { line: line.replace(/^<\d>/, ''), time, priority: 6 };
}

describe('a log', () => {
  it('is read from the files and the journal, in the order of the times', async () => {
    await write(1000, 3000, 5000);
    const { records, isThere } = await readRecords(
      { folder, journal: journalOf(2000, 4000) },
      always,
      yes,
      4,
    );
    expect(records.map(({ message }) => message)).toEqual([
      'journal 2000',
      'own 3000',
      'journal 4000',
      'own 5000',
    ]);
    expect(isThere).toBe(true);
  });

  it('says whether earlier ones are left out', async () => {
    await write(1000, 2000);
    expect(await readRecords({ folder }, always, yes, 1)).toMatchObject({ more: true });
    expect(await readRecords({ folder }, always, yes, 2)).not.toHaveProperty('more');
    expect((await readRecords({ folder }, always, yes, 0)).records).toEqual([]);
  });

  it('is there, or is not, whatever is asked for', async () => {
    const late = { from: 9000, until: Infinity };
    expect(await readRecords({ folder }, late, yes, 9)).toMatchObject({ records: [], isThere: false });
    const journal = journalOf(1000);
    expect(await readRecords({ folder, journal }, late, yes, 9)).toMatchObject({
      records: [],
      isThere: true,
    });
    expect(await readRecords({ folder, journal: journalOf() }, late, yes, 9)).toMatchObject({
      isThere: false,
    });
  });

  it('without journalctl is that of the files', async () => {
    await write(1000);
    const journal = (): Promise<never> => Promise.reject(new Error('cannot be started'));
    expect((await readRecords({ folder, journal }, always, yes, 9)).records).toHaveLength(1);
  });

  it('is followed from a moment on', async () => {
    await write(1000);
    const end = new AbortController();
    const found: string[] = [];
    const ports = { sleep: pause, onRecord: ({ message }: { message: string }) => void found.push(message) };
    const { ended } = await followRecords(
      { folder, journal: journalOf(1500, 2500) },
      2000,
      ports,
      end.signal,
    );
    await write(3000);
    expect(await waitUntil(() => found.length === 2, 5000)).toBe(true);
    expect(found.toSorted()).toEqual(['journal 2500', 'own 3000']);
    end.abort();
    await ended;
  });
});
