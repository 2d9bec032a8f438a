/** Logs in a real folder: what was written is read again, whole, through all parts. */
import { appendFile, chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastLines } from './ends.ts';
import { type LogLimits, endOfPart, partName } from './names.ts';
import { createOutage } from './outage.ts';
import { listParts, packParts } from './parts.ts';
import { readLog } from './reader.ts';
import { type LogWriter, createLogWriter } from './writer.ts';

const mebibyte = 1024 ** 2;
const hour = 3_600_000;

let base: string;
let folder: string;
let time: number;
/** milliseconds that the clock was set by */
let step: number;
let partsEnded: number;
let told: string[];
const open: LogWriter[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mustredirect-log-'));
  folder = join(base, 'office');
  time = Date.parse('2026-11-30T03:00:00Z');
  [step, partsEnded, told] = [0, 0, []];
});
afterEach(async () => {
  for (const writer of open.splice(0)) await writer.close();
  await rm(base, { recursive: true, force: true });
});

function writerOf(limits: Partial<LogLimits> = {}): LogWriter {
  const writer = createLogWriter({
    folder,
    limits: { size: 1024 * mebibyte, age: 24 * hour, ...limits },
    clock: () => time + step,
    now: () => time,
    onPartEnd: () => void (partsEnded += 1),
    onFailure: (message, lost) => void told.push(`${lost}: ${message}`),
    onRecovery: (lost) => void told.push(`${lost} lost`),
    onWritten() {},
  });
  open.push(writer);
  return writer;
}

async function read(from = -Infinity, mayHave: (text: string) => boolean = () => true): Promise<string[]> {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  await readLog(folder, { from, mayHave, onLine, onDamage: (message) => void told.push(message) });
  return lines;
}

const numbered = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `{"line":${first + i}}`);

describe('lines', () => {
  it('are read as they were written, by root alone', async () => {
    const writer = writerOf();
    writer.append(numbered(0, 3));
    writer.append(numbered(3, 1));
    expect(writer.pending()).toBe(4 * 11);
    await writer.close();
    expect(writer.pending()).toBe(0);
    expect(await read()).toEqual(numbered(0, 4));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'current.jsonl'))).mode & 0o777).toBe(0o600);
  });

  it('are in the file soon, without anything else', async () => {
    writerOf().append(numbered(0, 1));
    await sleep(300);
    expect(await read()).toEqual(numbered(0, 1));
  });

  it('begin anew after half a line, which a lost machine has left', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'current.jsonl'), '{"line":0}\n{"li');
    const writer = writerOf();
    writer.append(['{"line":1}']);
    await writer.close();
    expect(await read()).toEqual(['{"line":0}', '{"li', '{"line":1}']);
    expect(await lastLines(folder)).toEqual(['{"line":0}', '{"li', '{"line":1}']);
  });

  it('are in a new file a minute after somebody has removed it', async () => {
    const writer = writerOf();
    writer.append(['removed']);
    await writer.maintain();
    await rm(folder, { recursive: true });
    await writer.maintain();
    writer.append(['kept']);
    await writer.close();
    expect(await read()).toEqual(['kept']);
  });

  it('are none where there is no log', async () => {
    expect(await read()).toEqual([]);
    expect(await lastLines(folder)).toEqual([]);
  });
});

describe('parts', () => {
  it('are as many as fit, packed, and all is read in order', async () => {
    const writer = writerOf({ size: 16 * mebibyte });
    const filler = 'x'.repeat(1000);
    let written = 0;
    for (let round = 0; round < 5; round += 1) {
      time += 60_000;
      writer.append(Array.from({ length: 2200 }, () => `${(written += 1)} ${filler}`));
      await writer.maintain();
    }
    await writer.close();
    const names = await readdir(folder);
    expect(names.filter((name) => name.endsWith('.jsonl.gz'))).toHaveLength(5);
    expect((await read()).map((line) => Number(line.split(' ')[0]))).toEqual(
      Array.from({ length: written }, (_, i) => i + 1),
    );
  });

  it('never take more than the limit, also when they do not pack', async () => {
    const writer = writerOf({ size: 16 * mebibyte });
    let most = 0;
    for (let round = 0; round < 30; round += 1) {
      time += 60_000;
      const noise = Buffer.from(Array.from({ length: 750_000 }, () => Math.floor(Math.random() * 256)));
      writer.append([noise.toString('base64')]);
      await writer.maintain();
      const total = (await listParts(folder)).reduce((sum, { size }) => sum + size, 0);
      most = Math.max(most, total);
    }
    await writer.close();
    expect(most).toBeGreaterThan(8 * mebibyte);
    expect(most).toBeLessThanOrEqual(16 * mebibyte);
  });

  it('end after their time, and are removed after theirs', async () => {
    const writer = writerOf({ age: 8 * hour });
    writer.append(['first']);
    await writer.maintain();
    time += hour + 1;
    await writer.maintain();
    expect((await readdir(folder)).some((name) => endOfPart(name) === time)).toBe(true);
    writer.append(['second']);
    time += 8 * hour + 1;
    await writer.maintain();
    await writer.close();
    expect(await read()).toEqual(['second']);
  });

  it('that end before are not read, nor lines that nobody looks for', async () => {
    const writer = writerOf();
    writer.append(['early']);
    await writer.maintain(true);
    time += hour;
    writer.append(['late']);
    await writer.maintain(true);
    await writer.close();
    expect(await read(time - hour + 1)).toEqual(['late']);
    expect(await read(time - hour)).toEqual(['early', 'late']);
    expect(await read(-Infinity, (text) => text.includes('early'))).toEqual(['early']);
  });

  it('are packed after a kill, and a copy that is not complete is not read', async () => {
    await mkdir(folder);
    const name = partName(time);
    await writeFile(join(folder, name), 'a\nb\n');
    await writeFile(join(folder, `${name}.gz.tmp`), 'half');
    expect(await read()).toEqual(['a', 'b']);
    await packParts(folder);
    expect(await readdir(folder)).toEqual([`${name}.gz`]);
    expect(await read()).toEqual(['a', 'b']);
  });

  it('that are damaged are said, and the others are read', async () => {
    await mkdir(folder);
    const text = Buffer.from(numbered(0, 50_000).join('\n'));
    await writeFile(join(folder, `${partName(time)}.gz`), gzipSync(text).subarray(0, 20_000));
    await writeFile(join(folder, partName(time + 1)), 'whole\n');
    const lines = await read();
    expect(lines.at(-1)).toBe('whole');
    expect(lines.length).toBeGreaterThan(1);
    expect(told).toEqual([expect.stringContaining('unexpected end of file')]);
  });
});

describe('a clock that is set', () => {
  /** Two parts, the second one of now. */
  async function writeParts(writer: LogWriter): Promise<void> {
    for (const line of ['first', 'second']) {
      time += hour;
      writer.append([line]);
      await writer.maintain(true);
    }
  }

  it('forward removes no part by its age, for a day', async () => {
    const writer = writerOf();
    await writeParts(writer);
    step = 1000 * hour;
    writer.append(['third']);
    await writer.maintain();
    time += 23 * hour;
    await writer.maintain();
    expect(await read()).toEqual(['first', 'second', 'third']);
    time += 2 * hour;
    await writer.maintain();
    expect(await read()).toEqual(['third']);
  });

  it('forward while the machine was off removes none either', async () => {
    const before = writerOf();
    await writeParts(before);
    await before.close();
    step = 1000 * hour;
    const writer = writerOf();
    await writer.maintain();
    expect(await read()).toEqual(['first', 'second']);
    step = 0;
    await writer.maintain();
    time += 23 * hour;
    await writer.maintain();
    expect(await read()).toEqual(['first', 'second']);
    time += 25 * hour;
    await writer.maintain();
    expect(await read()).toEqual([]);
  });

  it('back leaves the part with a name that is not before its lines', async () => {
    const writer = writerOf();
    writer.append(['late']);
    await writer.maintain();
    step = -hour;
    await writer.maintain(true);
    await writer.close();
    expect(await read(time)).toEqual(['late']);
  });
});

describe('a closed log', () => {
  it('takes no more lines', async () => {
    const writer = writerOf();
    writer.append(['before']);
    await writer.close();
    writer.append(['after']);
    expect(writer.pending()).toBe(0);
    await sleep(250);
    expect(await read()).toEqual(['before']);
  });
});

it('tells when a part has ended', async () => {
  const writer = writerOf({ size: 16 * mebibyte });
  writer.append(['x'.repeat(3 * mebibyte)]);
  await writer.maintain();
  expect(partsEnded).toBe(1);
  writer.append(['y']);
  await writer.maintain();
  expect(partsEnded).toBe(1);
});

it('tells lost lines although it has told that parts are not packed', () => {
  const outage = createOutage({
    clock: () => time,
    onFailure: (message, lost) => void told.push(`${lost}: ${message}`),
    onRecovery: (lost) => void told.push(`${lost} lost`),
  });
  outage.failedToPack(new Error('no room'));
  outage.failedToPack(new Error('no room'));
  outage.failed(2, new Error('ENOSPC'));
  outage.failed(3, new Error('ENOSPC'));
  outage.over();
  expect(told).toEqual(['0: no room', '2: ENOSPC', '5 lost']);
});

describe('a log that cannot be written', () => {
  it('counts its lines, says so once, and goes on when it can be', async () => {
    await mkdir(join(folder, 'current.jsonl'), { recursive: true });
    const writer = writerOf();
    writer.append(numbered(0, 3));
    await sleep(250);
    writer.append(numbered(3, 2));
    await sleep(250);
    expect(writer.state()).toMatchObject({
      unwritten: 5,
      error: expect.stringContaining('EISDIR') as unknown,
    });
    expect(writer.pending()).toBe(0);
    await rm(join(folder, 'current.jsonl'), { recursive: true });
    writer.append(numbered(5, 1));
    await writer.close();
    expect(told).toEqual([expect.stringMatching(/^3: EISDIR/), '5 lost']);
    expect(writer.state()).toEqual({ unwritten: 5, bytes: 0 });
    expect(await readFile(join(folder, 'current.jsonl'), 'utf8')).toBe('{"line":5}\n');
  });
});

it('reads a log whose part ends meanwhile', async () => {
  const writer = writerOf();
  writer.append(numbered(0, 10));
  await writer.maintain();
  const reading = read();
  await writer.maintain(true);
  await appendFile(join(folder, 'current.jsonl'), '');
  await chmod(folder, 0o700);
  const lines = new Set(await reading);
  for (const line of numbered(0, 10)) expect(lines).toContain(line);
});
