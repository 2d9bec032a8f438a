/** The recorder with a kernel made up for tests: what it hears is in the logs, and so is what it cannot have heard. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventText } from '../event/event-text.ts';
import { flowMessage, givenFlow, message } from '../../../tests/given/netlink.ts';
import { waitUntil } from '../../host/process/background.ts';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { pause } from '../pause.ts';
import { type LogLine, lineOfText } from './line.ts';
import { type LoggedGateway, type Recorder, createRecorder } from './recorder.ts';

const served = { network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.0.2.1' };
const office: LoggedGateway = {
  name: 'office',
  flowLog: { size: 16 * 1024 ** 2, age: 3_600_000 },
  served: [served],
};

/** Listens in place of the kernel. */
interface Listening {
  readonly ends: (chunk: Buffer) => void;
  readonly die: (why: string) => void;
  readonly holds: boolean[];
  held: boolean;
}

let folder: string;
let end: AbortController;
let recorder: Recorder;
let listening: Listening | undefined;
let alive: readonly TrackedFlow[];
let lost: number;
let step: number;
/** milliseconds that have passed beside those of this test */
let ahead: number;
let told: string[];
let lossError: Error | undefined;
let starts: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-recorder-'));
  [listening, alive, lost, step, ahead, told, starts] = [undefined, [], 0, 0, 0, [], 0];
  lossError = undefined;
  begin();
});
afterEach(async () => {
  end.abort();
  await recorder.closed();
  await rm(folder, { recursive: true, force: true });
});

function begin(): void {
  end = new AbortController();
  recorder = createRecorder(
    {
      now: () => performance.now() + ahead,
      clock: () => Date.now() + step + ahead,
      sleep: (milliseconds, signal) => pause(Math.min(milliseconds, 30), signal),
      start: async (argv, onOutput) => {
        let die = (_why: string): void => {};
        const ended = new Promise<string>((resolve) => (die = resolve));
        const stream = { pid: 7, ended, hold: (_held: boolean) => {}, stop: () => die('SIGKILL') };
        if (argv[0] === 'sh') {
          // Flows that live, in one answer.
          setImmediate(() =>
            onOutput(
              Buffer.concat([...alive.map((flow) => flowMessage(flow, 0x0100)), message(3, Buffer.alloc(4))]),
            ),
          );
          return stream;
        }
        starts += 1;
        const one: Listening = { ends: onOutput, die, holds: [], held: false };
        listening = one;
        void ended.then(() => (listening = undefined));
        const hold = (held: boolean): void => {
          one.held = held;
          one.holds.push(held);
        };
        return { ...stream, hold };
      },
      lostEvents: async () => {
        if (lossError) throw lossError;
        return listening ? lost : undefined;
      },
      folder,
      emit: (event) => void told.push(eventText(event)),
    },
    end.signal,
  );
}

async function linesOf(gateway = 'office'): Promise<LogLine[]> {
  const text = await readFile(join(folder, gateway, 'current.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => lineOfText(line) ?? []);
}

async function until(holds: (lines: readonly LogLine[]) => boolean): Promise<readonly LogLine[]> {
  let lines: readonly LogLine[] = [];
  const isSo = async (): Promise<boolean> => holds((lines = await linesOf()));
  if (!(await waitUntil(isSo, 10_000)))
    throw new Error(`not so: ${JSON.stringify(lines)}\n${told.join('\n')}`);
  return lines;
}

const has =
  (kind: LogLine['kind'], count = 1) =>
  (lines: readonly LogLine[]) =>
    lines.filter((line) => line.kind === kind).length >= count;

async function follow(...gateways: readonly LoggedGateway[]): Promise<void> {
  recorder.follow(gateways);
  await waitUntil(() => listening !== undefined, 10_000);
  await until(has('checked'));
}

const ends = (...flows: readonly TrackedFlow[]): void =>
  listening?.ends(Buffer.concat(flows.map((flow) => flowMessage(flow))));
const foreign = givenFlow({ original: { source: '10.99.0.1', destination: '203.0.113.10' } });

describe('the recorder', () => {
  it('writes the flows of networks that end, and those that live once', async () => {
    const { end: _, ...young } = givenFlow({ id: 8 });
    alive = [young, { ...foreign, id: 9 }];
    await follow(office);
    ends(givenFlow(), foreign);
    const lines = await until(has('flow', 2));
    expect(lines.flatMap((line) => (line.kind === 'flow' ? [line.id] : []))).toEqual([8, 7]);
    expect(recorder.status()).toMatchObject([{ gateway: 'office', flows: 1, dropped: 0, unwritten: 0 }]);
    expect(recorder.status()[0]).not.toHaveProperty('problem');
    expect(lines.filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  it('writes how many ends the kernel has dropped, and says so once a minute', async () => {
    await follow(office);
    lost = 3;
    await until(has('gap'));
    lost = 10;
    const lines = await until(has('gap', 2));
    expect(lines.flatMap((line) => (line.kind === 'gap' ? [line.dropped] : []))).toEqual([3, 7]);
    expect(recorder.status()).toMatchObject([{ dropped: 10 }]);
    expect(told).toEqual(['flow log: the kernel has dropped 3 ends of flows: more end than are read']);
  });

  it('listens again when its program ends, and writes the gap', async () => {
    await follow(office);
    listening?.die('exit 1: no buffer');
    await waitUntil(() => starts === 2, 10_000);
    const lines = await until(has('gap'));
    expect(lines.find(({ kind }) => kind === 'gap')).toMatchObject({
      why: 'no flow was heard of: exit 1: no buffer',
    });
    ends(givenFlow());
    await until(has('flow'));
    expect(told).toEqual([
      'flow log: hears of no flow, and tries again: exit 1: no buffer',
      'flow log: goes on',
    ]);
  });

  it('starts its program again when that writes something else', async () => {
    await follow(office);
    listening?.ends(Buffer.alloc(32));
    expect(await waitUntil(() => starts === 2, 10_000)).toBe(true);
  });

  it('after a restart writes the gap, and only flows that have begun since', async () => {
    const { end: _, ...old } = givenFlow({ begin: Date.now() - 5000 });
    alive = [old];
    await follow(office);
    await until(has('flow'));
    end.abort();
    await recorder.closed();
    alive = [old, { ...old, id: 8, begin: Date.now() }];
    begin();
    recorder.follow([office]);
    const lines = await until(has('checked', 2));
    expect(lines.flatMap((line) => (line.kind === 'flow' ? [line.id] : []))).toEqual([7, 8]);
    expect(lines.find(({ kind }) => kind === 'gap')).toMatchObject({ why: 'no agent has logged' });
  });

  it('writes a step of the clock into a part of its own', async () => {
    await follow(office);
    ends(givenFlow());
    await until(has('flow'));
    step = -3_600_000;
    const lines = await until(has('clock'));
    expect(lines[0]).toMatchObject({ kind: 'clock', seconds: -3600 });
  });

  it('writes flows that live into each part, also those that began by another clock', async () => {
    const { end: _, ...young } = givenFlow({ begin: Date.now() - 1000 });
    alive = [young];
    await follow(office);
    step = -3_600_000;
    await until(has('clock'));
    ahead += 61_000;
    await until(has('flow'));
    const filler = Array.from({ length: 6000 }, (__, id) => givenFlow({ id: id + 100 }));
    ends(...filler);
    const isEmpty = async (): Promise<boolean> => !has('clock')(await linesOf());
    expect(await waitUntil(isEmpty, 10_000)).toBe(true);
    ahead += 61_000;
    const isThere = (lines: readonly LogLine[]): boolean =>
      lines.some((line) => line.kind === 'flow' && line.id === young.id);
    expect(isThere(await until(isThere))).toBe(true);
    // It has its line once in a part.
    ahead += 61_000;
    const lines = await until(has('checked', 2));
    expect(lines.filter((line) => line.kind === 'flow' && line.id === young.id)).toHaveLength(1);
  });

  it('leaves flows in the kernel while too many wait to be written', async () => {
    await follow(office);
    const flows = Array.from({ length: 25_000 }, (_, id) => givenFlow({ id }));
    ends(...flows);
    expect(listening?.held).toBe(true);
    expect(await waitUntil(() => listening?.held === false, 10_000)).toBe(true);
    await waitUntil(() => recorder.status()[0]?.flows === flows.length, 10_000);
    expect(recorder.status()).toMatchObject([{ flows: flows.length, unwritten: 0 }]);
  });

  it('goes on when it cannot count what was dropped for a while', async () => {
    await follow(office);
    lossError = new Error('EMFILE');
    await pause(200, end.signal);
    lost = 3;
    lossError = undefined;
    const lines = await until(has('gap'));
    expect(lines.find(({ kind }) => kind === 'gap')).toMatchObject({ dropped: 3 });
  });

  it('takes no flows while the limits of a log change: they wait in the kernel', async () => {
    await follow(office);
    const holds = listening?.holds;
    recorder.follow([{ ...office, flowLog: { size: 32 * 1024 ** 2, age: 3_600_000 } }]);
    expect(await waitUntil(() => holds?.length === 2, 10_000)).toBe(true);
    expect(holds).toEqual([true, false]);
    ends(givenFlow());
    const lines = await until(has('flow'));
    expect(lines.filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  it('writes the gap of a gateway that is logged again while another one is', async () => {
    const mail = { ...office, name: 'mail', served: [{ ...served, subnet: '10.89.5.0/24' }] };
    await follow(office, mail);
    await waitUntil(async () => has('checked')(await linesOf('mail')), 10_000);
    recorder.follow([office]);
    await waitUntil(() => recorder.status().length === 1, 10_000);
    recorder.follow([office, mail]);
    expect(await waitUntil(async () => has('gap')(await linesOf('mail')), 10_000)).toBe(true);
    expect(has('gap')(await linesOf())).toBe(false);
  });

  it('tells of later failures too, at most once a minute', async () => {
    await follow(office);
    for (const [round, why] of ['first', 'second', 'third'].entries()) {
      const goneOn = told.filter((line) => line.endsWith('goes on')).length;
      listening?.die(why);
      await waitUntil(() => starts === round + 2, 10_000);
      if (why !== 'second')
        await waitUntil(() => told.filter((line) => line.endsWith('goes on')).length > goneOn, 10_000);
      else ahead += 61_000;
      await until(has('gap', round + 1));
    }
    expect(told.filter((line) => line.includes('hears of no flow'))).toEqual([
      'flow log: hears of no flow, and tries again: first',
      'flow log: hears of no flow, and tries again: third',
    ]);
  });

  it('ends with the log: nothing is listened to', async () => {
    await follow(office);
    recorder.follow([{ name: 'office', served: [served] }]);
    expect(await waitUntil(() => recorder.status().length === 0 && listening === undefined, 10_000)).toBe(
      true,
    );
  });

  it('has a log for each gateway, from the moment when the file has it', async () => {
    await follow(office);
    const mail = {
      ...office,
      name: 'mail',
      served: [{ ...served, subnet: '10.89.5.0/24', network: 'smtp' }],
    };
    recorder.follow([office, mail]);
    await waitUntil(() => recorder.status().length === 2, 10_000);
    await waitUntil(async () => has('checked')(await linesOf('mail')), 10_000);
    ends(givenFlow({ original: { source: '10.89.5.9', destination: '203.0.113.10' } }));
    expect(await waitUntil(async () => has('flow')(await linesOf('mail')), 10_000)).toBe(true);
    expect(has('flow')(await linesOf())).toBe(false);
    expect(starts).toBe(1);
  });
});
