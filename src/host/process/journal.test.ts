import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type JournalEntry, readJournal } from './journal.ts';
import type { ByteStream } from './stream.ts';

/** A `journalctl` that prints a text in pieces, and the command that started it. */
async function entriesOf(text: string, question: Partial<Parameters<typeof readJournal>[0]> = {}) {
  const entries: JournalEntry[] = [];
  let started: readonly string[] = [];
  const start = (argv: readonly string[], onOutput: (chunk: Buffer) => void): Promise<ByteStream> => {
    started = argv;
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i += 7) onOutput(bytes.subarray(i, i + 7));
    return Promise.resolve({ pid: 1, hold() {}, stop() {}, ended: Promise.resolve('exit 0') });
  };
  const whole = { unit: 'a.service', from: -Infinity, until: Infinity, ...question };
  await readJournal(whole, (entry) => entries.push(entry), start);
  return { entries, command: started.join(' ') };
}

it('reads what journalctl prints, also messages that are no text', async () => {
  const text = await readFile(new URL('fixtures/journalctl-252.jsonl', import.meta.url), 'utf8');
  const { entries } = await entriesOf(`-- odd --\n${text}{"MESSAGE":"ü","__REALTIME_TIMESTAMP":"1000"}\n`);
  expect(entries).toEqual([
    { line: 'network web: closed {"kind":"report"}', time: 1796058842186, priority: 4 },
    { line: 'bad \u001B[2J bytes \uFFFD', time: 1796058842190, priority: 3 },
    { line: 'ü', time: 1, priority: 6 },
  ]);
});

it('asks for the unit and for times in UTC', async () => {
  const always =
    'journalctl --unit a.service --output=json --output-fields=MESSAGE,PRIORITY --all --no-pager --quiet';
  expect((await entriesOf('')).command).toBe(always);
  const { command } = await entriesOf('', { from: 1500, until: 2000, follow: true });
  expect(command).toBe(`${always} --since=@1.500 --until=@2.000 --follow --no-tail`);
});
