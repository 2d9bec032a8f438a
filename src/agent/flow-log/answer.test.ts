/** Answers from logs in a real folder, and from flows that live. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { givenFlow } from '../../../tests/given/netlink.ts';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { type Answer, answerQuestion } from './answer.ts';
import { keptLogs } from './coverage.ts';
import { type LogLine, flowLine, textOfLine } from './line.ts';
import { ownerFinder } from './owners.ts';
import type { Question } from './question.ts';
import { timeRangeOf } from '../time-range.ts';

const served = { network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.0.2.1' };
const office = { name: 'office', flowLog: { size: 1, age: 1 }, served: [served] };
const owner = { gateway: 'office', network: 'web', node: 'node1' };
const { end: _, ...living } = givenFlow();

let folder: string;
let alive: readonly TrackedFlow[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-answer-'));
  alive = [];
  await mkdir(join(folder, 'office'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (...lines: readonly LogLine[]): Promise<void> =>
  appendFile(join(folder, 'office', 'current.jsonl'), lines.map((line) => `${textOfLine(line)}\n`).join(''));

function ask(
  at: string,
  question: Partial<Question> = { address: '198.51.100.6', port: 40_123 },
  unlogged?: string,
): Promise<Answer> {
  return answerQuestion(
    {
      folder,
      gateways: ['office'],
      now: Date.parse('2026-11-30T04:00Z'),
      unlogged: () => unlogged,
      ownersOf: ownerFinder([office]),
      readLiving: async (onFlows) => onFlows(alive),
    },
    { from: NaN, until: NaN, ...timeRangeOf(at), ...question },
  );
}

const begun = { kind: 'checked', time: '2026-11-30T03:00:00.000Z' } as const;
const during = '2026-11-30T03:14Z';
const afterwards = '2026-11-30T03:20Z';

describe('a flow', () => {
  it('that has ended is found at its time, and at no other', async () => {
    await write(begun, flowLine(owner, givenFlow()));
    expect(await ask(during)).toEqual({
      flows: [{ gateway: 'office', ...flowLine(owner, givenFlow()) }],
      gaps: [],
      clock: [],
      problems: [],
    });
    expect((await ask(afterwards)).flows).toEqual([]);
    expect((await ask(during, { address: '198.51.100.7' })).flows).toEqual([]);
  });

  it('that lives is found without a line', async () => {
    alive = [living];
    expect((await ask(afterwards)).flows).toEqual([
      { gateway: 'office', ...flowLine(owner, living), lives: true },
    ]);
    alive = [{ ...living, original: { ...living.original, source: '10.99.0.1' } }];
    expect((await ask(afterwards)).flows).toEqual([]);
  });

  it('that lives, and began by a clock that was set back since, is found', async () => {
    alive = [{ ...living, begin: Date.parse('2026-11-30T04:30Z') }];
    expect((await ask(afterwards)).flows).toHaveLength(1);
    alive = [{ ...living, begin: Date.parse('2026-11-30T03:30Z') }];
    expect((await ask(afterwards)).flows).toEqual([]);
  });

  it.each([
    ['before', [living, givenFlow()]],
    ['after', [givenFlow(), living]],
  ])('has one answer, with its end, if the line from its life is %s the last one', async (_where, flows) => {
    await write(...flows.map((one) => flowLine(owner, one)));
    alive = [living];
    expect((await ask(during)).flows).toEqual([{ gateway: 'office', ...flowLine(owner, givenFlow()) }]);
  });

  it.each([
    ['before', [living, givenFlow()]],
    ['after', [givenFlow(), living]],
  ])('does not live on, if the line from its life is %s the last one', async (_where, flows) => {
    await write(...flows.map((one) => flowLine(owner, one)));
    expect((await ask(afterwards)).flows).toEqual([]);
  });

  it('whose end is in no log may have lived on', async () => {
    await write(flowLine(owner, living));
    const { flows } = await ask(afterwards);
    expect(flows).toHaveLength(1);
    expect(flows[0]).not.toHaveProperty('end');
    expect(flows[0]).not.toHaveProperty('lives');
  });

  it('is another one when the kernel gives its number again', async () => {
    const begin = Date.parse('2026-11-30T03:14:40Z');
    await write(flowLine(owner, givenFlow()), flowLine(owner, givenFlow({ begin, end: begin + 5000 })));
    expect((await ask(during)).flows).toHaveLength(2);
  });
});

it('says what may be missing, and what cannot be read', async () => {
  const gap = {
    kind: 'gap',
    from: '2026-11-30T03:14:10.000Z',
    to: '2026-11-30T03:14:11.000Z',
    why: 'x',
    dropped: 9,
  } as const;
  const clock = { kind: 'clock', time: '2026-11-30T03:14:10.000Z', seconds: 7 } as const;
  await write(begun, gap, clock);
  await appendFile(join(folder, 'office', 'current.jsonl'), '{"kind":"ga\n');
  const answer = await answerQuestion(
    {
      folder,
      gateways: ['office'],
      now: Date.parse('2026-11-30T04:00Z'),
      unlogged: () => undefined,
      ownersOf: ownerFinder([]),
      readLiving: () => Promise.reject(new Error('socat: no such program')),
    },
    { from: NaN, until: NaN, ...timeRangeOf(during) },
  );
  expect(answer).toEqual({
    flows: [],
    gaps: [{ gateway: 'office', ...gap }],
    clock: [{ gateway: 'office', ...clock }],
    problems: ['flows that live are not in the answer: socat: no such program'],
  });
  expect((await ask(afterwards)).gaps).toEqual([]);
});

describe('a time that the log does not cover', () => {
  const beforeLog = { gateway: 'office', kind: 'gap', to: begun.time, why: 'the log begins then' };

  it('is all time, without a line', async () => {
    const gap = { gateway: 'office', kind: 'gap', to: '2026-11-30T04:00:00.000Z' };
    expect((await ask(during)).gaps).toEqual([{ ...gap, why: 'nothing has been logged until now' }]);
    expect((await ask(during, {}, 'no agent runs')).gaps).toEqual([{ ...gap, why: 'no agent runs' }]);
  });

  it('is before the first line, in the oldest part, that says when it was written', async () => {
    const { end: __, ...old } = flowLine(owner, living);
    const text = [old, begun].map((line) => `${textOfLine(line)}\n`).join('');
    await writeFile(join(folder, 'office', '2026-11-30T03-05-00.000Z.jsonl.gz'), gzipSync(text));
    await write({ kind: 'checked', time: '2026-11-30T03:06:00.000Z' });
    expect((await ask('2026-11-30T02:59Z')).gaps).toEqual([beforeLog]);
    expect((await ask('2026-11-30T03:01Z')).gaps).toEqual([]);
    expect((await ask(during)).gaps).toEqual([]);
  });

  it('is after the last line, if nothing is logged now', async () => {
    await write(begun, flowLine(owner, givenFlow()));
    const gap = {
      gateway: 'office',
      kind: 'gap',
      from: '2026-11-30T03:14:28.200Z',
      to: '2026-11-30T04:00:00.000Z',
      why: 'no agent runs',
    };
    expect((await ask(afterwards, {}, 'no agent runs')).gaps).toEqual([gap]);
    expect((await ask('2026-11-30T03:10Z', {}, 'no agent runs')).gaps).toEqual([]);
    expect((await ask(afterwards)).gaps).toEqual([]);
  });

  it('begins with the end of the last part, if nothing was written since', async () => {
    const name = join(folder, 'office', '2026-11-30T03-30-00.000Z.jsonl');
    await writeFile(name, `${textOfLine(begun)}\n`);
    await write();
    const { gaps } = await ask('2026-11-30T03:50Z', {}, 'no agent runs');
    expect(gaps).toMatchObject([{ from: '2026-11-30T03:30:00.000Z', why: 'no agent runs' }]);
  });
});

it('says that the log of one gateway cannot be read, and answers from the others', async () => {
  await write(begun, flowLine(owner, givenFlow()));
  await writeFile(join(folder, 'branch'), '');
  expect(await keptLogs(folder)).toEqual(['office']);
  const answer = await answerQuestion(
    {
      folder,
      gateways: ['branch', 'office'],
      now: Date.parse('2026-11-30T04:00Z'),
      unlogged: () => undefined,
      ownersOf: ownerFinder([]),
      readLiving: () => Promise.resolve(),
    },
    { from: NaN, until: NaN, ...timeRangeOf(during) },
  );
  expect(answer.problems).toEqual([
    expect.stringMatching(/^gateway branch: the log cannot be read: ENOTDIR/),
  ]);
  expect(answer.flows).toHaveLength(1);
});
