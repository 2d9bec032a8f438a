/** Routes between nodes and members by BGP, with real BIRDs and real packets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { leaksDuring } from './routing/leaks.ts';
import {
  type RoutingWorld,
  birdc,
  createRoutingWorld,
  learnedDefault,
  second,
  waitFor,
  writeFile,
} from './routing/world.ts';

let world: RoutingWorld;
/** what the three hosts had before the first apply */
let before: string[];
/** packets that the capture saw before the first apply */
let controlled: number;

const bgp = '{ protocol: bgp, bfd: { interval: 50ms, multiplier: 3 } }';

beforeAll(async () => {
  world = await createRoutingWorld();
  await writeFile(world, bgp);
  before = await Promise.all(allHosts().map(dump));
  // Control: before apply, the capture sees the packets.
  controlled = await leaksDuring(world, async () => {
    await waitFor('packets', () => Promise.resolve(true));
    await pings();
  });
  for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
});

afterAll(async () => {
  await world.down();
});

/** gateways first */
function allHosts(): TestHost[] {
  return [world.hosts.gw1, world.gw2, world.hosts.node1];
}

async function dump(host: TestHost): Promise<string> {
  const text = await host.run([
    'sh',
    '-c',
    'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; nft list ruleset; ls /run/mustredirect; ls /run/mustredirect/*; pgrep -a bird; :',
  ]);
  // Expiry times, multicast routes of the kernel, and the lock file, which stays.
  return text
    .split('\n')
    .filter((line) => !/^(multicast|local|anycast|broadcast)|host\.lock|^ls:|\/run\/mustredirect/.test(line))
    .join('\n');
}

async function ping(family: 4 | 6): Promise<boolean> {
  const to = addressesOf(family).internet;
  const { exitCode } = await world.containers.run('web', ['ping', '-c', '1', '-W', '1', to]);
  return exitCode === 0;
}

function pings(): Promise<boolean[]> {
  return Promise.all(families.map(ping));
}

async function waitForMember(member: 'gw1' | 'gw2' | 'none'): Promise<void> {
  for (const family of families) {
    const address = { gw1: addressesOf(family).gw1, gw2: second[family].lan, none: 'none' }[member];
    await waitFor(
      `${member} in IPv${family}`,
      async () => (await learnedDefault(world.hosts.node1, family)) === address,
    );
  }
}

async function kill(host: TestHost, signal: string): Promise<void> {
  await host.run(['sh', '-c', `kill -${signal} $(cat /run/mustredirect/host.bird/bird.pid)`]);
}

describe('routes by BGP', () => {
  it('lead to the first member, and an apply that changes nothing finds nothing to do', async () => {
    await waitForMember('gw1');
    expect(await pings()).toEqual([true, true]);
    for (const host of allHosts()) expect((await mustredirect(host, 'plan', '--check')).exitCode).toBe(0);
  });

  it('lead to the next member while the uplink of the first is cut', async () => {
    const { upstream } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      await upstream.run(['ip', 'link', 'set', 'gw1', 'down']);
      await waitForMember('gw2');
      expect(await pings()).toEqual([true, true]);
      await upstream.run(['ip', 'link', 'set', 'gw1', 'up']);
      await upstream.run([
        'ip',
        'address',
        'replace',
        `${addressesOf(6).upstream}/64`,
        'dev',
        'gw1',
        'nodad',
      ]);
      await waitForMember('gw1');
    });
    expect(leaked).toBe(0);
  });
});

describe('what a hostile neighbour says', () => {
  it('is refused: another subnet, a more specific, a default', async () => {
    const { node1, gw1 } = world.hosts;
    const path = '/run/mustredirect/host.bird/bird.conf';
    const text = (await node1.files.read(path)) ?? '';
    const more = ['10.99.0.0/16', '10.89.4.128/25', '0.0.0.0/0'].map(
      (one) => `  route ${one} unreachable;\n`,
    );
    const changed = text.replace('  route 10.89.4.0/24 unreachable;\n', (own) => own + more.join(''));
    await node1.files.replace(path, changed);
    await birdc(node1, 'configure');
    const refused = (): Promise<string> =>
      birdc(gw1, 'show', 'route', 'filtered', 'protocol', 'member_office_node1_4');
    await waitFor('refused routes', async () => (await refused()).includes('10.99.0.0/16'));
    expect((await refused()).match(/^\d\S+(?= +unicast)/gm)?.sort()).toEqual(
      ['0.0.0.0/0', '10.89.4.128/25', '10.99.0.0/16'].sort(),
    );
    const accepted = await birdc(gw1, 'show', 'route', 'protocol', 'member_office_node1_4');
    expect(accepted.match(/^\d\S+(?= +unicast)/gm)).toEqual(['10.89.4.0/24']);
    const status = await mustSucceed(gw1, 'status');
    expect(status).toMatch(
      /office: node node1 \(192.168.50.10\): BGP Established, .*, BFD Up, 1 accepted, 1 announced/,
    );
    expect(status).toContain('10.99.0.0/16');
    expect(status).toContain('(not a subnet of node1 in the file)');
    // The node's BIRD has another configuration than the file now: apply sets it right, and the session goes on.
    expect((await mustredirect(node1, 'plan', '--check')).exitCode).toBe(3);
    await mustSucceed(node1, 'apply', '--yes');
    await waitForMember('gw1');
  });

  it('does not reach BIRD when a container says it', async () => {
    const { node1 } = world.hosts;
    const script = `const socket = require('node:net').connect(1790, process.argv[1]);
      let got = 0;
      socket.on('data', (data) => { got += data.length; });
      socket.on('connect', () => socket.write(Buffer.from('ffffffffffffffffffffffffffffffff001d0104', 'hex')));
      socket.on('close', () => { console.log(got); process.exit(); });
      socket.on('error', () => {});
      setTimeout(() => { console.log(got); process.exit(); }, 2000);`;
    for (const to of [addressesOf(4).node1, addressesOf(6).node1, addressesOf(4).gw1]) {
      const argv = ['ip', 'netns', 'exec', 'web', process.execPath, '-e', script, to];
      expect((await node1.run(argv)).trim()).toBe('0');
    }
  });
});

describe('a BIRD', () => {
  it('that is killed on the node blocks the traffic, and comes back by itself', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      await kill(node1, 'KILL');
      await waitForMember('none');
      await waitForMember('gw1');
      expect(await pings()).toEqual([true, true]);
    });
    expect(leaked).toBe(0);
  });

  it('that is stopped on the first member is left for the next, and one that is stopped on the node leaks nothing', async () => {
    const { node1, gw1 } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      await kill(gw1, 'STOP');
      await waitForMember('gw2');
      await kill(gw1, 'CONT');
      await waitForMember('gw1');
      await kill(node1, 'STOP');
      expect((await mustredirect(node1, 'plan', '--check')).exitCode).toBe(3);
      await mustSucceed(node1, 'apply', '--yes');
      await waitForMember('gw1');
    });
    expect(leaked).toBe(0);
  });

  it('of the host itself goes on', async () => {
    const { gw1 } = world.hosts;
    const own =
      'router id 9.9.9.9; protocol device {} protocol bgp { local 192.168.50.2 as 65000; neighbor 192.168.50.1 as 65001; ipv4 { import none; export none; }; }';
    await gw1.files.replace('/run/own.conf', own);
    await gw1.run(['bird', '-c', '/run/own.conf', '-s', '/run/own.ctl', '-P', '/run/own.pid']);
    // Its process, and when that began.
    const processOf = (): Promise<string> =>
      gw1.run(['sh', '-c', 'pid=$(cat /run/own.pid); cut -d " " -f 1,22 /proc/$pid/stat']);
    const since = await processOf();
    await writeFile(world, '{ protocol: bgp, port: 1791, bfd: { interval: 60ms } }');
    for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
    await waitForMember('gw1');
    expect(await processOf()).toBe(since);
    await gw1.run(['birdc', '-s', '/run/own.ctl', 'down']);
  });
});

describe('both members', () => {
  it('cut: the traffic is blocked', async () => {
    const { switch: lan } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      for (const member of ['gw1', 'gw2']) await lan.run(['ip', 'link', 'set', member, 'down']);
      await waitForMember('none');
      expect(await pings()).toEqual([false, false]);
      for (const member of ['gw1', 'gw2']) await lan.run(['ip', 'link', 'set', member, 'up']);
      await waitForMember('gw1');
    });
    expect(leaked).toBe(0);
    expect(controlled).toBeGreaterThan(0);
  });
});

describe('destroy', () => {
  it('leaves what was there before, also after BIRD was killed with its shell', async () => {
    const { node1 } = world.hosts;
    await node1.run([
      'sh',
      '-c',
      "pkill -KILL -f '[m]ustredirect-bird'; kill -KILL $(cat /run/mustredirect/host.bird/bird.pid); rm -r /run/mustredirect/host.bird",
    ]);
    expect(await learnedDefault(node1, 4)).not.toBe('none');
    for (const host of allHosts().toReversed()) await mustSucceed(host, 'destroy', '--yes');
    expect(await Promise.all(allHosts().map(dump))).toEqual(before);
  });
});
