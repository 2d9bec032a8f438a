/** Failover by the agent: a member that fails is left for the next one, and nothing leaves by another way meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Family, families } from '../../src/address/cidr.ts';
import type { DrillResult } from '../../src/agent/drill/drill.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { leaksDuring } from './routing/leaks.ts';
import { type RoutingWorld, createRoutingWorld, second, waitFor, writeFile } from './routing/world.ts';

const targets = families.map((family) => `'${addressesOf(family).internet}'`).join(', ');
const check = `    check: { targets: [${targets}], interval: 100ms, fall: 3, rise: 5 }\n    failback: 1s\n`;
/** Milliseconds for a change of member, on a busy machine. */
const patience = 60_000;

let world: RoutingWorld;
let agent: Running;
let before: string;

beforeAll(async () => {
  world = await createRoutingWorld();
  await writeFile(world, '{ protocol: static }', check);
  before = await dump();
  for (const host of [world.hosts.gw1, world.gw2, world.hosts.node1]) {
    await mustSucceed(host, 'apply', '--yes');
  }
  agent = await world.hosts.node1.background.start(endingWithStdin([programPath, 'agent']));
});
afterAll(async () => {
  await agent?.stop();
  await world?.down();
});

const dump = (): Promise<string> =>
  world.hosts.node1.run([
    'sh',
    '-c',
    'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all | grep -v expires; nft -s list ruleset',
  ]);

async function usedMember(family: Family): Promise<string> {
  const route = await world.hosts.node1.run(['ip', `-${family}`, 'route', 'show', 'table', '2184']);
  const via = /^default via (\S+)/m.exec(route)?.[1];
  return via === addressesOf(family).gw1 ? 'gw1' : via === second[family].lan ? 'gw2' : 'none';
}

async function waitForMember(member: 'gw1' | 'gw2', only: readonly Family[] = families): Promise<void> {
  for (const family of only) {
    const isUsed = async (): Promise<boolean> => (await usedMember(family)) === member;
    await waitFor(`${member} in IPv${family}`, isUsed, patience).catch((error: Error) => {
      throw new Error(`${error.message}\n${agent.output().stderr}`);
    });
  }
}

function answers(): Promise<boolean[]> {
  return Promise.all(
    families.map(async (family) => {
      const argv = ['ping', '-c', '1', '-W', '2', addressesOf(family).internet];
      return (await world.containers.run('web', argv)).exitCode === 0;
    }),
  );
}

const drillTable = async (): Promise<string> =>
  (await world.hosts.node1.exec.run(['nft', 'list', 'table', 'inet', 'mustredirect_drill'])).stdout;

type Place = 'switch' | 'gw1' | 'upstream';
const drop = (hook: string, match: string): string =>
  `nft "add table inet f; add chain inet f c { type filter hook ${hook} priority -400; }; add rule inet f c ${match} drop"`;
const addressBack = `ip address replace ${addressesOf(6).upstream}/64 dev gw1 nodad`;

/** what happens to the first member: where, how, and how it ends */
const faults: readonly (readonly [what: string, place: Place, cut: string, mend: string])[] = [
  ['is dead', 'switch', 'ip link set gw1 down', 'ip link set gw1 up'],
  [
    'forwards no more',
    'gw1',
    'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding',
    'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
  ],
  ['has lost its uplink', 'upstream', 'ip link set gw1 down', `ip link set gw1 up; ${addressBack}`],
  [
    'has an uplink with a carrier that leads nowhere',
    'upstream',
    drop('prerouting', 'iifname gw1'),
    'nft delete table inet f',
  ],
  ['gets no answers from beyond', 'upstream', drop('postrouting', 'oifname gw1'), 'nft delete table inet f'],
];

describe('members that a check judges', () => {
  it('control: without the file, packets leave by the isp', async () => {
    const { node1 } = world.hosts;
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await leaksDuring(world, async () => void (await answers()))).toBeGreaterThan(0);
    expect(await dump()).toBe(before);
    await mustSucceed(node1, 'apply', '--yes');
    await waitForMember('gw1');
  });

  it.each(faults)('the first one %s', async (_, place, cut, mend) => {
    const host: TestHost = world.hosts[place];
    const leaked = await leaksDuring(world, async () => {
      await host.run(['sh', '-ec', cut]);
      await waitForMember('gw2');
      expect(await answers()).toEqual([true, true]);
      await host.run(['sh', '-ec', mend]);
      await waitForMember('gw1');
      expect(await answers()).toEqual([true, true]);
    });
    expect(leaked).toBe(0);
  });

  it('are in the log with the reason, and with how long the change took', async () => {
    const { node1 } = world.hosts;
    const lines = (await mustSucceed(node1, 'logs', '--json', '--gateway', 'office')).trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const cause of ['probes', 'failback']) {
      const found = records.find(({ kind, causes }) => kind === 'failover' && cause in (causes as object));
      expect(found).toMatchObject({ gateway: 'office', why: expect.stringContaining('gw1') as string });
      expect(found?.['message']).toMatch(/^gateway office: IPv[46] leaves by gw[12] instead of gw[12]: gw1/);
    }
    expect(records.some(({ kind, took }) => kind === 'failover' && typeof took === 'number')).toBe(true);
    expect(records).toContainEqual(
      expect.objectContaining({ kind: 'member', member: 'gw1', state: 'down', level: 'warning' }),
    );
    // Each of the faults has its lines, and none of them floods.
    expect(records.length).toBeLessThan(faults.length * 40);
  });

  it('one family of it fails: the other one stays', async () => {
    const { upstream } = world.hosts;
    await upstream.run([
      'sh',
      '-ec',
      drop('prerouting', 'iifname gw1 meta nfproto ipv6 icmpv6 type echo-request'),
    ]);
    await waitForMember('gw2', [6]);
    expect(await usedMember(4)).toBe('gw1');
    await upstream.run(['nft', 'delete', 'table', 'inet', 'f']);
    await waitForMember('gw1');
  });

  it('drain moves every packet without a loss, undrain gives the member back', async () => {
    const { node1 } = world.hosts;
    const streams = families.map((family) => {
      const argv = ['ping', '-i', '0.01', '-c', '1000', '-W', '1', addressesOf(family).internet];
      return world.containers.run('web', argv);
    });
    const leaked = await leaksDuring(world, async () => {
      const said = await mustSucceed(node1, 'drain', 'gw1');
      expect(said).toContain('office: IPv6 leaves by gw2');
      await waitForMember('gw2', families);
      expect(await mustSucceed(node1, 'status')).toContain('gw1 works, is drained');
      await mustSucceed(node1, 'undrain', 'gw1');
      await waitForMember('gw1');
      for (const { stdout } of await Promise.all(streams)) {
        expect(stdout).toMatch(/1000 packets transmitted, 1000 (packets )?received, 0% packet loss/);
      }
    });
    expect(leaked).toBe(0);
  });

  it('drain of the last member, and of no member, is refused', async () => {
    const { node1 } = world.hosts;
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await mustredirect(node1, ...args);
      expect(exitCode).toBe(4);
      return stderr;
    };
    expect(await refused('drain', 'gw9')).toContain('did you mean "gw1"');
    expect(await refused('undrain', 'gw1')).toContain('gw1 is not drained');
    await mustSucceed(node1, 'drain', 'gw2');
    expect(await refused('drain', 'gw1')).toContain('the last member of gateway office');
    await mustSucceed(node1, 'undrain', 'gw2');
    expect(await usedMember(4)).toBe('gw1');
  });

  it('drill measures the change, and the way back', async () => {
    const { node1 } = world.hosts;
    const { exitCode, stdout, stderr } = await mustredirect(node1, 'drill', 'office', '--yes', '--json');
    expect([exitCode, stderr]).toEqual([0, '']);
    const { member, results } = JSON.parse(stdout) as { member: string; results: readonly DrillResult[] };
    expect(member).toBe('gw1');
    expect(results.map(({ family, to, leaked, missed }) => ({ family, to, leaked, missed }))).toEqual(
      families.map((family) => ({ family, to: 'gw2', leaked: 0, missed: 0 })),
    );
    for (const { away, back } of results) {
      // Three lost probes 100 ms apart, at the least.
      expect(away.longest).toBeGreaterThan(200);
      expect(away.lost).toBeGreaterThan(10);
      expect(back?.lost).toBe(0);
    }
    expect(await usedMember(4)).toBe('gw1');
    expect(await drillTable()).toBe('');
  });

  it.each(['KILL', 'INT'] as const)(
    'drill: SIG%s gives the member back, and leaves nothing',
    async (signal) => {
      const { node1 } = world.hosts;
      await waitForMember('gw1');
      const links = await node1.run(['ip', '-br', 'link']);
      const running = await node1.background.start([programPath, 'drill', 'office', '--yes']);
      await waitFor('the cut', async () => (await drillTable()) !== '', patience);
      await node1.run(['pkill', `-${signal}`, '-f', 'start.js drill']);
      await waitFor('the end of the cut', async () => (await drillTable()) === '', patience);
      const isGone = async (): Promise<boolean> =>
        (await node1.exec.run(['pgrep', '-f', 'ping -n -D|nft -i'])).exitCode !== 0 &&
        (await node1.run(['ip', '-br', 'link'])) === links;
      await waitFor('the end of its programs', isGone, patience);
      await running.stop();
      await waitForMember('gw1');
      expect(await answers()).toEqual([true, true]);
    },
  );

  it('drill is refused while another one has its table', async () => {
    const { node1 } = world.hosts;
    const isJudged = async (): Promise<boolean> =>
      (await mustredirect(node1, 'status')).stdout.split('\n').filter((line) => line.includes('gw2 works'))
        .length === 2;
    await waitFor('gw2 to be judged', isJudged, patience);
    await node1.run(['nft', 'add', 'table', 'inet', 'mustredirect_drill']);
    const { exitCode, stderr } = await mustredirect(node1, 'drill', 'office', '--yes');
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('another drill is in progress')]);
    await node1.run(['nft', 'delete', 'table', 'inet', 'mustredirect_drill']);
    expect(await usedMember(4)).toBe('gw1');
  });

  it('drill is refused without another member that works, and for a gateway that has none', async () => {
    const { node1 } = world.hosts;
    await mustSucceed(node1, 'drain', 'gw2');
    const alone = await mustredirect(node1, 'drill', 'office', '--yes');
    expect([alone.exitCode, alone.stderr]).toEqual([
      4,
      expect.stringContaining('no member of office but gw1 is known to work'),
    ]);
    await mustSucceed(node1, 'undrain', 'gw2');
    const unknown = await mustredirect(node1, 'drill', 'hq', '--yes');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      4,
      expect.stringContaining('it chooses for: office'),
    ]);
    const { exitCode } = await mustredirect(node1, 'drill', 'office');
    expect(exitCode).toBe(2);
  });

  it('status shows the members; plan and apply keep to the choice; destroy takes all away', async () => {
    const { node1, upstream } = world.hosts;
    await upstream.run(['sh', '-ec', drop('prerouting', 'iifname gw1')]);
    await waitForMember('gw2');
    expect(await mustSucceed(node1, 'status')).toContain('gw2');
    await agent.stop();
    expect((await mustredirect(node1, 'plan', '--check')).exitCode).toBe(0);
    await mustSucceed(node1, 'apply', '--yes');
    await waitForMember('gw2');
    expect(await answers()).toEqual([true, true]);
    const { exitCode, stderr } = await mustredirect(node1, 'drain', 'gw2');
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('no agent runs on this host')]);
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await dump()).toBe(before);
  });
});
