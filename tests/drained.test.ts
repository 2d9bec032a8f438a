/** A member that an operator drains on itself: state, plan and texts, on the fake host. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { applyVerb, destroyVerb } from '../src/apply/run/verbs.ts';
import { changeHost } from '../src/apply/run/change-host.ts';
import { readAndPlan } from '../src/apply/run/host-context.ts';
import { withLock } from '../src/apply/run/lock-host.ts';
import { changeOwnDrain } from '../src/apply/run/own-drain.ts';
import { destroyOn } from '../src/cli/commands/destroy.ts';
import { drainOwn } from '../src/cli/commands/drain-own.ts';
import { printStatus } from '../src/cli/commands/status.ts';
import { recordedTerminal } from '../src/cli/terminal/recorded-terminal.ts';
import { MustredirectError } from '../src/error.ts';
import { readDrained, writeDrained } from '../src/host/files/drain-store.ts';
import { planLines } from '../src/plan/print.ts';
import { hostRole } from '../src/topology/topology.ts';
import { type FakeHost, createFakeHost } from './fake-host/fake-host.ts';
import { givenRuns, recordedCaller } from './given/runs.ts';
import { specOf } from './scenario/play.ts';

const text = (more: string, members = ['here', 'gw2']): string => `
version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  node2: 192.168.50.11
  here: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'], node2: 10.89.5.0/24 }
    via: office
gateways:
  office:
    members: [${members.map((host) => `{ host: ${host}, uplink: { device: eth1 } }`).join(', ')}]
${more}`;
const checked = text('    check: { targets: [1.1.1.1] }');

const runs = givenRuns();

async function member(file = checked) {
  const fake = createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.2/24', 'fd00:50::2/64'], pointToPoint: false },
      { name: 'eth1', up: true, addresses: ['172.31.0.1/30', 'fd31::1/64'], pointToPoint: true },
    ],
  });
  const context = runs.contextOf(fake);
  const spec = specOf(file);
  const target = { ...context, role: hostRole(spec, 'here'), gateways: spec.gateways };
  const hash = createHash('sha256').update(file).digest('hex');
  const source = { file: 'f', text: file, hash, host: 'here' };
  const apply = () =>
    changeHost(recordedCaller(), { ...applyVerb(context, source), context, target, wait: 0 });
  await apply();
  const drain = async (on: boolean, options: { json?: true } = {}) => {
    const terminal = recordedTerminal();
    await drainOwn(terminal, { context, target, source, on, wait: 0 }, options);
    return terminal;
  };
  const plan = async (): Promise<string[]> =>
    planLines((await readAndPlan(context, target)).plan).map(({ sign, text: line }) => `${sign} ${line}`);
  const status = async (json = false) => {
    const terminal = recordedTerminal();
    await printStatus(terminal, context, target, { check: true, ...(json ? { json } : {}) });
    return { text: terminal.printed.join('\n'), exitStatus: terminal.exitStatus ?? 0 };
  };
  return { fake, context, target, source, apply, drain, plan, status };
}

function chainOf({ state }: FakeHost): readonly string[] | undefined {
  return state.nft?.chains.get('drained')?.rules;
}

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: unknown) => {
      if (!(error instanceof MustredirectError)) throw error;
      return `${error.code}: ${error.message}`;
    },
  );

/** The host without its history and the time of the drain. */
function stateOf(fake: FakeHost): string {
  return fake
    .dump()
    .split('\n')
    .filter((line) => !/^file \S+(?:history|drained)/.test(line))
    .join('\n');
}

describe('a member that is drained on itself', () => {
  it('answers the questions of its nodes, and no other ping, with another time to live', async () => {
    const { fake, drain, plan } = await member();
    const before = stateOf(fake);
    expect((await drain(true)).printed).toEqual([
      'here is drained\noffice: node1 has not asked yet; node2 has not asked yet',
    ]);
    expect(chainOf(fake)).toEqual([
      'icmp type echo-reply meta length 0x64 ip daddr @told4 ip ttl set 254',
      'icmpv6 type echo-reply meta length 0x78 ip6 daddr @told6 ip6 hoplimit set 254',
    ]);
    expect(fake.state.nft?.sets.get('told4')?.elements).toEqual(['192.168.50.10', '192.168.50.11']);
    expect(fake.state.nft?.sets.get('told6')?.elements).toEqual(['fd00:50::10']);
    expect(await plan()).toEqual([]);
    expect((await drain(false)).printed).toEqual(['here is given back']);
    expect(stateOf(fake)).toBe(before);
    expect(await plan()).toEqual([]);
  });

  it('warns, with exit status 3, while a node has not asked', async () => {
    const { drain } = await member();
    const { told, exitStatus } = await drain(true);
    expect(told.filter((line) => line.startsWith('<yellow:warning'))).toEqual([
      '<yellow:warning:> a node that has not asked goes on using this member: no agent runs there, or its pings do not get here',
    ]);
    expect(exitStatus).toBe(3);
  });

  it('stays drained, since the first time, when it is drained twice, and when the file is applied', async () => {
    const { fake, context, apply, drain } = await member();
    await drain(true);
    const first = await context.host.files.read(context.places.drained);
    expect(JSON.parse(first ?? '')).toMatchObject({ drained: [{ host: 'here', user: 'alice' }] });
    const again = await drain(true, { json: true });
    expect(JSON.parse(again.printed.join('\n'))).toEqual({
      member: 'here',
      drained: true,
      gateways: [
        {
          gateway: 'office',
          nodes: [
            { node: 'node1', told: false },
            { node: 'node2', told: false },
          ],
        },
      ],
    });
    await apply();
    expect(await context.host.files.read(context.places.drained)).toBe(first);
    expect(chainOf(fake)).toHaveLength(2);
  });

  it('is drained again by a run after its nftables table is gone, and closed with it at boot', async () => {
    const { fake, context, target, apply, drain, plan } = await member();
    await drain(true);
    await context.host.exec.run(['nft', '-f', '-'], { input: 'delete table inet mustredirect\n' });
    expect(chainOf(fake)).toBeUndefined();
    const { desired } = await readAndPlan(context, { ...target, closed: true });
    expect(desired.wanted.map(({ object }) => ('name' in object ? object.name : ''))).toContain('drained');
    await apply();
    expect(chainOf(fake)).toHaveLength(2);
    expect(await plan()).toEqual([]);
  });

  it('says so in status, as text and as JSON, and is as the file says', async () => {
    const { drain, status } = await member();
    expect((await status()).text).not.toContain('drained');
    await drain(true);
    const { text: printed, exitStatus } = await status();
    expect(printed).toMatch(
      /<yellow:drained:> this member, since \S+, by alice\n {2}office: node1 has not asked yet; node2 has not/,
    );
    expect(exitStatus).toBe(0);
    const found = JSON.parse((await status(true)).text) as { readonly drained: unknown };
    expect(found.drained).toMatchObject({ user: 'alice', gateways: [{ gateway: 'office' }] });
    await drain(false);
    expect((await status()).text).not.toContain('drained');
  });

  it('is not drained any more after destroy', async () => {
    const { fake, context, apply, drain } = await member();
    await drain(true);
    await changeHost(recordedCaller(), {
      ...destroyVerb(context, [], undefined, false),
      context,
      wait: 0,
    });
    expect(fake.state.nft).toBeUndefined();
    expect(await context.host.files.read(context.places.drained)).toBeUndefined();
    await apply();
    expect(chainOf(fake)).toBeUndefined();
  });

  it('is named by destroy before it asks, with the nodes that come back to it', async () => {
    const { context, drain } = await member();
    await drain(true);
    const asked: string[][] = [];
    const terminal = { ...recordedTerminal(), interactive: true };
    const confirm = (): Promise<boolean> => {
      asked.push([...terminal.told]);
      return Promise.resolve(false);
    };
    await destroyOn({ ...terminal, confirm }, context, { wait: 0 });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain(
      '<yellow:warning:> this member is drained, and its nodes come back to it as soon as it is removed: node1, node2; take it out of the file on the nodes first',
    );
    await drain(false);
    await destroyOn({ ...terminal, confirm }, context, { wait: 0 });
    expect(asked).toHaveLength(2);
    expect(asked[1]?.filter((line) => line.includes('is drained'))).toHaveLength(1);
  });

  it('stays as it was when the change fails', async () => {
    const { fake, context, target, source, drain } = await member();
    fake.failWhen(({ what, changes }) =>
      changes && what.startsWith('nft') ? { kind: 'failed' } : undefined,
    );
    const own = { context, target, source, on: true, wait: 0 };
    expect(await refusal(changeOwnDrain(recordedCaller(), own))).toContain('failed');
    expect(await context.host.files.read(context.places.drained)).toBeUndefined();
    fake.failWhen();
    expect(chainOf(fake)).toBeUndefined();
    expect(await refusal(drain(false))).toBe('refused: here is not drained');
  });

  it('keeps, when the change fails, what another run has written while it waited for the lock', async () => {
    const { fake, context, target, source } = await member();
    const { files } = context.host;
    const other = { host: 'gw2', since: '2026-11-30T12:00:00.000Z', user: 'bob' };
    let isWaiting: () => void = () => {};
    const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
    const caller = { ...recordedCaller(), tell: () => isWaiting() };
    const own = { context, target, source, on: true, wait: 20 };
    const { failed } = await withLock(recordedCaller(), context, { verb: 'drain', wait: 0 }, async () => {
      const changed = refusal(changeOwnDrain(caller, own));
      await waiting;
      await writeDrained(files, context.places.drained, [other]);
      fake.failWhen(({ what, changes }) =>
        changes && what.startsWith('nft') ? { kind: 'failed' } : undefined,
      );
      return { failed: changed };
    });
    expect(await failed).toContain('failed');
    expect(await readDrained(files, context.places.drained)).toEqual([other]);
  });

  it('is refused where no node could leave it', async () => {
    const alone = await member(text('    check: {}', ['here']));
    expect(await refusal(alone.drain(true))).toBe(
      'refused: no node can leave here: gateway office: it has no other member',
    );
    const unchecked = await member(text(''));
    expect(await refusal(unchecked.drain(true))).toBe(
      'refused: no node can leave here: gateway office: without `check:`, nodes use its first member',
    );
    expect(chainOf(unchecked.fake)).toBeUndefined();
  });
});
