/** Answers from logs in a real folder, and from flows that live. */
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { givenFlow } from '../../../tests/given/netlink.ts';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { type Answer, answerQuestion } from './answer.ts';
import { type LogLine, flowLine, textOfLine } from './line.ts';
import { ownerFinder } from './owners.ts';
import { type Question, timeRangeOf } from './question.ts';

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
): Promise<Answer> {
  return answerQuestion(
    {
      folder,
      gateways: ['office'],
      ownersOf: ownerFinder([office]),
      readLiving: async (onFlows) => onFlows(alive),
    },
    { from: NaN, until: NaN, ...timeRangeOf(at), ...question },
  );
}

const during = '2026-11-30T03:14Z';
const afterwards = '2026-11-30T03:20Z';

describe('a flow', () => {
  it('that has ended is found at its time, and at no other', async () => {
    await write(flowLine(owner, givenFlow()));
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
  await write(gap, clock);
  await appendFile(join(folder, 'office', 'current.jsonl'), '{"kind":"ga\n');
  const answer = await answerQuestion(
    {
      folder,
      gateways: ['office'],
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
