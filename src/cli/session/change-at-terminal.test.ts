import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { noPause, specOf } from '../../../tests/scenario/play.ts';
import type { Target } from '../../inspect/prepare.ts';
import { createEngines } from '../../engines/index.ts';
import { createBackground } from '../../host/process/background.ts';
import { createFiles } from '../../host/files/files.ts';
import { takeLock } from '../../host/files/lock.ts';
import { hostRole } from '../../topology/topology.ts';
import { type ChangeOptions, changeAtTerminal } from './change-at-terminal.ts';
import { printError } from '../terminal/print-error.ts';
import { type RecordedTerminal, recordedTerminal } from '../terminal/recorded-terminal.ts';

const spec = specOf(`
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-change-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

/** `apply` on a fake host, with answers to the questions that it asks. */
async function apply(
  host: FakeHost,
  options: Partial<ChangeOptions>,
  ...answers: (() => Promise<boolean> | boolean)[]
) {
  const questions: string[] = [];
  const terminal: RecordedTerminal = Object.assign(recordedTerminal(), {
    interactive: answers.length > 0,
    async confirm(question: string) {
      questions.push(question.trim());
      return (await answers.shift()?.()) ?? false;
    },
  });
  const places = {
    ledger: '/var/lib/mustredirect/host.json',
    journal: '/var/lib/mustredirect/host.journal',
    history: '/var/lib/mustredirect/host.history',
    lock: join(folder, 'lock'),
    firstNamespace: true,
  };
  const engines = createEngines({});
  const target: Target = { host, engines, role: hostRole(spec, 'here'), gateways: spec.gateways };
  const context = { host, engines, places, progress: undefined, pause: noPause };
  const texts = { verb: 'apply', title: 'plan', done: 'done', record: async () => {} };
  let status = 0;
  try {
    await changeAtTerminal(terminal, { context, target, options: { wait: 0, ...options }, ...texts });
  } catch (error) {
    status = printError(error, terminal, options.json ? ['--json'] : []);
  }
  const printed = terminal.printed.join('\n');
  return { questions, printed, told: terminal.told, status: terminal.exitStatus ?? status };
}

const forwarding = '/proc/sys/net/ipv4/ip_forward';
const steering = 'rule 4100: ';

describe('changeAtTerminal', () => {
  it('closes what is not ready, says so each time, and exits with 3 until it is', async () => {
    const down = { name: 'eth0', up: false, addresses: ['192.168.50.10/24'], pointToPoint: false };
    const host = createFakeHost({ links: [down] });
    const first = await apply(host, { yes: true });
    expect(first.status).toBe(3);
    expect(first.printed).toContain(
      '<red:not ready:> network web: gateway office at 192.168.50.2 is on eth0, which is down: IPv4 closed, not redirected\n  `ip link set eth0 up`',
    );
    expect(first.printed).toContain('<dim:closed: network web: gateway office at 192.168.50.2 is on eth0');
    expect(first.printed).toContain('done, except for what is not ready: that is closed');
    const again = await apply(host, { yes: true });
    expect(again.status).toBe(3);
    expect(again.printed).toMatch(/^plan: nothing to do\n<red:not ready:> /);
    const { printed } = await apply(host, { json: true, yes: true });
    expect(JSON.parse(printed)).toMatchObject({ notReady: [{ what: 'network web', family: 4 }] });
  });

  it('asks, and does it', async () => {
    const host = newHost();
    const { questions, printed, status } = await apply(host, {}, () => true);
    expect(questions).toEqual(['Go on?']);
    expect(printed).toMatch(/^plan:\n[^]*\n<green:done>$/);
    expect(status).toBe(0);
    expect(host.dump()).toContain(steering);
  });

  it('does not do it when the answer is no', async () => {
    const host = newHost();
    const before = host.dump();
    expect(await apply(host, {}, () => false)).toMatchObject({ told: ['nothing was changed'], status: 1 });
    expect(host.dump()).toBe(before);
  });

  it('asks again when the host has changed before the answer', async () => {
    const host = newHost();
    const changed = async () => {
      await host.files.overwrite(forwarding, '1\n');
      return true;
    };
    const { questions, printed, told, status } = await apply(host, {}, changed, () => true);
    expect(questions).toHaveLength(2);
    expect(told).toEqual([expect.stringContaining('this host has changed meanwhile')]);
    expect(printed.match(/sysctl net.ipv4.ip_forward = 1/g)).toHaveLength(1);
    expect(status).toBe(0);
    expect(host.dump()).toContain(steering);
  });

  it('changes nothing when the second answer is no', async () => {
    const host = newHost();
    const changed = async () => {
      await host.files.overwrite(forwarding, '1\n');
      return true;
    };
    const { questions, status } = await apply(host, {}, changed, () => false);
    expect({ questions: questions.length, status }).toEqual({ questions: 2, status: 1 });
    expect(host.dump()).not.toContain(steering);
  });

  it('does not hold the lock while it asks, and does not change without it', async () => {
    const host = newHost();
    const outside = { background: createBackground(), files: createFiles() };
    const taken: Awaited<ReturnType<typeof takeLock>>[] = [];
    const { told, status } = await apply(host, {}, async () => {
      taken.push(await takeLock(outside, join(folder, 'lock'), { who: 'the test' }));
      return true;
    });
    await Promise.all(taken.map((lock) => lock.release()));
    expect(taken).toHaveLength(1);
    expect({ told, status }).toMatchObject({
      told: [expect.stringContaining('another run is in progress'), expect.any(String)],
      status: 4,
    });
    expect(host.dump()).not.toContain(steering);
  });

  it('asks nobody with --yes, nor when there is nothing to do', async () => {
    const host = newHost();
    expect(await apply(host, { yes: true })).toMatchObject({ questions: [], status: 0 });
    const after = host.dump();
    expect(await apply(host, {}, () => true)).toEqual({
      questions: [],
      printed: expect.stringMatching(/^plan: nothing to do\n.*its bridge is not known/) as unknown,
      told: [],
      status: 0,
    });
    expect(host.dump()).toBe(after);
  });

  it.each<Partial<ChangeOptions>>([{}, { json: true }])(
    'refuses where nobody can be asked: %j',
    async (options) => {
      const host = newHost();
      const before = host.dump();
      const { told, status } = await apply(host, options);
      expect(told[0]).toContain('apply changes this host and has nobody to ask');
      expect(status).toBe(2);
      expect(host.dump()).toBe(before);
    },
  );

  it('prints nothing but JSON with --json', async () => {
    const { printed, status } = await apply(newHost(), { yes: true, json: true });
    expect(status).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ steps: expect.any(Array) as unknown, waiting: [] });
  });
});
