import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenRuns } from '../../../tests/given/runs.ts';
import { specOf } from '../../../tests/scenario/play.ts';
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

const runs = givenRuns();

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

/** Runs `apply` on a fake host, with answers to its questions. */
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
  const context = runs.contextOf(host);
  const target = { ...context, role: hostRole(spec, 'here'), gateways: spec.gateways };
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
  it('blocks what is not ready, reports it each time, and exits with 3 until it is ready', async () => {
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

  it('asks, and applies', async () => {
    const host = newHost();
    const { questions, printed, status } = await apply(host, {}, () => true);
    expect(questions).toEqual(['Go on?']);
    expect(printed).toMatch(/^plan:\n[^]*\n<green:done>$/);
    expect(status).toBe(0);
    expect(host.dump()).toContain(steering);
  });

  it('changes nothing when the answer is no', async () => {
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

  it('releases the lock while it asks, and changes nothing without the lock', async () => {
    const host = newHost();
    const ports = { background: createBackground(), files: createFiles() };
    const locks: Awaited<ReturnType<typeof takeLock>>[] = [];
    const { told, status } = await apply(host, {}, async () => {
      locks.push(await takeLock(ports, runs.lockPath(), { who: 'the test' }));
      return true;
    });
    await Promise.all(locks.map((lock) => lock.release()));
    expect(locks).toHaveLength(1);
    expect({ told, status }).toMatchObject({
      told: [expect.stringContaining('another run is in progress'), expect.any(String)],
      status: 4,
    });
    expect(host.dump()).not.toContain(steering);
  });

  it('does not ask with --yes, nor when there is nothing to do', async () => {
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
    'fails without a terminal to ask: %j',
    async (options) => {
      const host = newHost();
      const before = host.dump();
      const { told, status } = await apply(host, options);
      expect(told[0]).toContain('apply changes this host and has nobody to ask');
      expect(status).toBe(2);
      expect(host.dump()).toBe(before);
    },
  );

  it('prints only JSON with --json', async () => {
    const { printed, status } = await apply(newHost(), { yes: true, json: true });
    expect(status).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ steps: expect.any(Array) as unknown, waiting: [] });
  });
});
