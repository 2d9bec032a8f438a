import { appendFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../process/background.ts';
import { followLog } from './follow.ts';
import { currentName, partName } from './names.ts';

let folder: string;
let end: AbortController;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'follow-')), 'log');
  end = new AbortController();
});
afterEach(async () => {
  end.abort();
  await rm(join(folder, '..'), { recursive: true });
});

async function follow(): Promise<{ readonly lines: string[]; readonly ended: Promise<void> }> {
  const lines: string[] = [];
  const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    sleep(milliseconds, undefined, { signal }).catch(() => {});
  const ports = { sleep: pause, onLine: (line: string) => void lines.push(line) };
  return { lines, ...(await followLog(folder, ports, end.signal)) };
}

const append = (text: string): Promise<void> => appendFile(join(folder, currentName), text);

it('waits for a log, and reads whole lines as they come, also those of the next part', async () => {
  const { lines, ended } = await follow();
  await mkdir(folder);
  await append('one\ntwo\nha');
  expect(await waitUntil(() => lines.length === 2, 5000)).toBe(true);
  await append('lf\n');
  expect(await waitUntil(() => lines.length === 3, 5000)).toBe(true);
  await append('last\n');
  await rename(join(folder, currentName), join(folder, partName(0)));
  await append('next\n');
  expect(await waitUntil(() => lines.length === 5, 5000)).toBe(true);
  expect(lines).toEqual(['one', 'two', 'half', 'last', 'next']);
  end.abort();
  await ended;
});

it('begins a little before the present end, with a whole line', async () => {
  await mkdir(folder);
  const line = 'x'.repeat(99);
  await append(`${line}\n`.repeat(10_000));
  const { lines } = await follow();
  await append('new\n');
  expect(await waitUntil(() => lines.at(-1) === 'new', 5000)).toBe(true);
  expect(lines.length).toBeLessThan(3000);
  expect(new Set(lines)).toEqual(new Set([line, 'new']));
});
