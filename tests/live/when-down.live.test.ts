/**
 * `when_down: direct`: while no member of the gateway works, the network leaves by the isp, with the address that its
 * engine gives it. A network with `when_down: block` beside it stays closed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import { responderPort } from '../../src/lab/responder.ts';
import { isThorough as thorough } from '../thorough.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { type RoutingWorld, createRoutingWorld, second, waitFor } from './routing/world.ts';

/** A network of the same gateway, with another target: at the isp, its packets may have the address of the node, too. */
const kept = { name: 'kept', subnets: ['10.89.5.0/24', '2001:db8:89:5::/64'] } as const;
const keptTargets = { 4: '203.0.113.20', 6: '2001:db8:113::20' } as const;
const own = [network.subnet, network.subnet6, ...kept.subnets].map((subnet) => `src net ${subnet}`);
/** milliseconds for a change, on a busy machine */
const patience = 120_000;

let world: RoutingWorld;
let agent: Running | undefined;
let before: string;

beforeAll(async () => {
  world = await createRoutingWorld();
  const { isp, upstream } = world.hosts;
  for (const family of families) {
    const argv = ['ip', 'address', 'add', keptTargets[family], 'dev', 'lo'];
    await Promise.all([isp, upstream].map((host) => host.run(argv)));
  }
  await world.containers.createNetwork(kept.name, ...kept.subnets);
  await world.containers.start('beside', kept.name);
  await writeFiles();
  before = await dump();
});
afterAll(async () => {
  await agent?.stop();
  await world?.down();
});

function text(): string {
  const [v4, v6] = [addressesOf(4), addressesOf(6)];
  return `version: 1
hosts:
  node1: [${v4.node1}, '${v6.node1}']
  gw1: [${v4.gw1}, '${v6.gw1}']
  gw2: [${second[4].lan}, '${second[6].lan}']
networks:
  ${network.name}:
    engine: external
    subnets: { node1: [${network.subnet}, '${network.subnet6}'] }
    via: office
    when_down: direct
  ${kept.name}:
    engine: external
    subnets: { node1: [${kept.subnets.map((subnet) => `'${subnet}'`).join(', ')}] }
    via: office
    when_down: block
gateways:
  office:
    members:
      - { host: gw1, uplink: { device: uplink0, via: [${v4.upstream}, '${v6.upstream}'] } }
      - { host: gw2, uplink: { device: uplink0, via: [${second[4].upstream}, '${second[6].upstream}'] } }
    check: { targets: [${v4.internet}, ${keptTargets[4]}, '${v6.internet}', '${keptTargets[6]}'], interval: 100ms, rise: 5 }
    failback: 1s
`;
}

async function writeFiles(): Promise<void> {
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1, world.gw2].map((host) => host.files.replace(filePath, text())));
}

/** Both networks send all the time. */
function startSenders(): Promise<Running> {
  const pings = families.flatMap((family) => [
    `ip netns exec web ping -i 0.05 ${addressesOf(family).internet} &`,
    `ip netns exec beside ping -i 0.05 ${keptTargets[family]} &`,
  ]);
  return world.hosts.node1.background.start(['sh', '-c', `trap 'kill 0' EXIT; ${pings.join(' ')} cat`]);
}

const dump = (): Promise<string> =>
  world.hosts.node1.run([
    'sh',
    '-c',
    'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all | grep -v expires; ip xfrm policy; nft -s list ruleset',
  ]);

const startAgent = async (): Promise<void> => {
  agent = await world.hosts.node1.background.start(endingWithStdin([programPath, 'agent']));
};
async function killAgent(): Promise<void> {
  const { node1 } = world.hosts;
  const pid = JSON.parse(await mustSucceedOr3('status', '--json')) as { agent?: { pid: number } };
  await node1.run(['kill', '-KILL', String(pid.agent?.pid)]);
  await agent?.stop();
  agent = undefined;
}

/** Output of a command that may exit with 3: not as it should be. */
async function mustSucceedOr3(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mustredirect(world.hosts.node1, ...args);
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`${args.join(' ')}: ${exitCode} ${stderr}`);
  return stdout;
}

/** All members are cut beyond their uplinks. */
const cut = (): Promise<unknown> =>
  world.hosts.upstream.run([
    'nft',
    'add table inet f; add chain inet f c { type filter hook prerouting priority -400; }; add rule inet f c iifname { gw1, gw2 } drop',
  ]);
const mend = (): Promise<unknown> => world.hosts.upstream.run(['nft', 'delete', 'table', 'inet', 'f']);

async function answers(container: 'web' | 'beside'): Promise<boolean[]> {
  return Promise.all(
    families.map(async (family) => {
      const to = container === 'web' ? addressesOf(family).internet : keptTargets[family];
      return (await world.containers.run(container, ['ping', '-c', '1', '-W', '2', to])).exitCode === 0;
    }),
  );
}

interface Seen {
  /** of the network with `when_down: direct`, with the address of the node */
  readonly masqueraded: number;
  /** of the network with `when_down: block` */
  readonly beside: number;
  /** with another address, such as a container's */
  readonly untranslated: readonly Packet[];
}

const uplinkAddresses = families.flatMap((family): string[] => [
  addressesOf(family).uplink,
  second[family].uplink,
]);

/**
 * A member has no socket for a late packet of a connection that conntrack has forgotten, and refuses it itself. Its own
 * packets go by its own default route: to the isp.
 */
function isOwnReset({ source, protocol, length }: Packet): boolean {
  return uplinkAddresses.includes(source) && protocol === 'tcp' && length <= 60;
}

/** What the isp gets of the containers' packets during an action, while both send. */
async function seenAtIsp(act: () => Promise<unknown>): Promise<Seen> {
  // The switch floods what goes to a gateway whose port is down: that is for the gateway still.
  const mac = (await world.hosts.isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const targets = families.flatMap((family) => [addressesOf(family).internet, keptTargets[family]]);
  const filter = [...targets.map((target) => `dst host ${target}`), ...own].join(' or ');
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and (${filter})`);
  const senders = await startSenders();
  try {
    await act();
  } finally {
    // tcpdump is done when it has counted everything: that takes an end.
    await senders.stop();
  }
  const packets = await capture.stop();
  const count = (holds: (packet: Packet) => boolean): number => packets.filter(holds).length;
  const nodes: readonly string[] = families.map((family) => addressesOf(family).node1);
  const isBeside = ({ destination }: Packet): boolean =>
    Object.values<string>(keptTargets).includes(destination);
  return {
    masqueraded: count((packet) => nodes.includes(packet.source) && !isBeside(packet)),
    beside: count(isBeside),
    untranslated: packets.filter((packet) => !nodes.includes(packet.source) && !isOwnReset(packet)),
  };
}

const closed = { masqueraded: 0, beside: 0, untranslated: [] };

type Way = 'directly' | 'by the gateway';

/** Way of each family, by the node's rules. */
async function waysNow(): Promise<Way[]> {
  return Promise.all(
    families.map(async (family) => {
      const rules = await world.hosts.node1.run(['ip', `-${family}`, 'rule']);
      return /^4099:/m.test(rules) ? 'directly' : 'by the gateway';
    }),
  );
}

/** Waits until a plan has nothing to do, and both families leave this way. */
async function untilLeaving(way: Way): Promise<void> {
  const holds = async (): Promise<boolean> =>
    (await waysNow()).every((one) => one === way) &&
    (await mustredirect(world.hosts.node1, 'plan', '--check')).exitCode === 0;
  await waitFor(`packets to leave ${way}`, holds, patience).catch((error: Error) => {
    throw new Error(`${error.message}\n${agent?.output().stderr}`);
  });
}

async function untilJudged(): Promise<void> {
  const isJudged = async (): Promise<boolean> => {
    const lines = (await mustSucceedOr3('status')).split('\n');
    return lines.filter((line) => line.includes('gw1 works') && line.includes('gw2 works')).length === 2;
  };
  await waitFor('both members to be judged', isJudged, patience);
}

/** Prints `open`, and the error that ends the connection. */
const client = `const socket = require('node:net').connect(${responderPort}, process.argv[1]);
socket.on('connect', () => console.log('open'));
socket.on('error', ({ code }) => (console.log(code), process.exit()));
socket.resume();
setInterval(() => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'), 20);`;

async function connections(): Promise<readonly Running[]> {
  const all = await Promise.all(
    families.map((family) => {
      const argv = [process.execPath, '-e', client, addressesOf(family).internet];
      return world.hosts.node1.background.start(['nsenter', '--net=/run/netns/web', ...argv]);
    }),
  );
  await waitFor('connections', async () => all.every((one) => one.output().stdout === 'open\n'), patience);
  return all;
}

async function untilReset(all: readonly Running[]): Promise<void> {
  const isReset = async (): Promise<boolean> =>
    all.every((one) => one.output().stdout === 'open\nECONNRESET\n');
  await waitFor('connections to be reset', isReset, patience);
  await Promise.all(all.map((one) => one.stop()));
}

describe('a network with when_down: direct', () => {
  it('control: without the file, packets of both networks leave by the isp', async () => {
    const seen = await seenAtIsp(() => sleep(1000));
    expect(seen.masqueraded).toBeGreaterThan(0);
    expect(seen.beside).toBeGreaterThan(0);
    expect(seen.untranslated).toEqual([]);
  });

  it('is warned of, and stays with its gateway while the agent does not run', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [gw1, world.gw2]) await mustSucceed(host, 'apply', '--yes');
    expect(await mustSucceed(node1, 'apply', '--yes')).toContain('needs the agent, which does not run');
    expect(await mustSucceed(node1, 'status')).toContain(
      '`when_down: direct` of network mustredirect needs it',
    );
    await untilLeaving('by the gateway');
    const seen = await seenAtIsp(async () => {
      await cut();
      await sleep(3000);
      await mend();
    });
    expect(seen).toEqual(closed);
  });

  it('leaves directly when the agent finds that no member works, and by a member when one is back', async () => {
    const { node1 } = world.hosts;
    await startAgent();
    await untilJudged();
    expect(await mustSucceed(node1, 'plan')).toContain(
      'leave directly, past gateway office, while no member',
    );
    const opened = await connections();
    const away = await seenAtIsp(async () => {
      await cut();
      await untilLeaving('directly');
      expect(await answers('web')).toEqual([true, true]);
      expect(await answers('beside')).toEqual([false, false]);
      await untilReset(opened);
      await sleep(1000);
    });
    expect([away.beside, away.untranslated]).toEqual([0, []]);
    expect(away.masqueraded).toBeGreaterThan(20);
    const during = await connections();
    const back = await seenAtIsp(async () => {
      await mend();
      await untilLeaving('by the gateway');
      expect(await answers('web')).toEqual([true, true]);
      expect(await answers('beside')).toEqual([true, true]);
    });
    expect([back.beside, back.untranslated]).toEqual([0, []]);
    await untilReset(during);
    expect(await seenAtIsp(() => sleep(2000))).toEqual(closed);
  });

  it('is shown while it leaves directly', async () => {
    const { node1 } = world.hosts;
    await cut();
    await untilLeaving('directly');
    const { exitCode, stdout } = await mustredirect(node1, 'status', '--check');
    expect(exitCode).toBe(3);
    expect(stdout).toContain('directly: network mustredirect, IPv4, since 20');
    expect(stdout).toContain('no member works: gw1: 2 of 2 targets unreachable');
    expect(stdout).toContain('office at IPv4 directly, IPv6 directly');
    expect(await mustSucceed(node1, 'plan')).toContain('IPv6 leaves directly, past gateway office, since');
    expect(await mustSucceed(node1, 'history')).toContain(
      'network mustredirect: IPv4 leaves directly: no member works',
    );
    const verified = await mustredirect(node1, 'verify', '--network', network.name);
    expect([verified.exitCode, verified.stdout]).toEqual([3, expect.stringContaining('it leaves directly')]);
  });

  it('a container of another network does not get out with its addresses', async () => {
    const { node1 } = world.hosts;
    const seen = await seenAtIsp(async () => {
      for (const [i, address] of ['10.89.4.77', '2001:db8:89:4::77'].entries()) {
        const length = i === 0 ? 32 : 128;
        await node1.run(['ip', '-n', 'beside', 'address', 'add', `${address}/${length}`, 'dev', 'eth0']);
        const to = keptTargets[i === 0 ? 4 : 6];
        await node1.exec.run([
          'ip',
          'netns',
          'exec',
          'beside',
          'ping',
          '-c',
          '20',
          '-i',
          '0.05',
          '-W',
          '1',
          '-I',
          address,
          to,
        ]);
      }
    });
    expect(seen.masqueraded).toBeGreaterThan(0);
    expect([seen.beside, seen.untranslated]).toEqual([0, []]);
    expect(await mustSucceedOr3('status', '--json')).toMatch(/"spoofed": [1-9]/);
  });

  it('stays as it is when the agent is killed, until another agent runs', async () => {
    const { node1 } = world.hosts;
    await killAgent();
    expect(await mustSucceedOr3('apply', '--yes')).toContain('needs the agent, which does not run');
    await untilLeaving('directly');
    await mend();
    await sleep(2000);
    expect(await answers('web')).toEqual([true, true]);
    expect(await waysNow()).toEqual(['directly', 'directly']);
    await startAgent();
    await untilLeaving('by the gateway');
    expect(await seenAtIsp(() => sleep(2000))).toEqual(closed);
    expect(await mustSucceed(node1, 'history')).toContain('leaves by its gateway again');
  });

  it('stays with its gateway when the agent is killed before, and an old verdict opens nothing', async () => {
    const { node1 } = world.hosts;
    await untilJudged();
    await killAgent();
    const verdict = { since: '2026-11-29T18:00:00.000Z', why: 'no member works', agent: 'another' };
    const gateways = { office: { members: ['gw1', 'gw2'], used: {}, outage: { 4: verdict, 6: verdict } } };
    const seen = await seenAtIsp(async () => {
      await cut();
      await node1.files.replace('/run/mustredirect/host.verdicts', JSON.stringify({ version: 1, gateways }));
      await mustSucceed(node1, 'apply', '--yes');
      await sleep(2000);
      expect(await answers('web')).toEqual([false, false]);
      await mend();
      await startAgent();
      await untilJudged();
    });
    expect(seen).toEqual(closed);
  });

  it('is closed or as before when the agent is killed on the way', async () => {
    for (let round = 0; round < (thorough ? 40 : 4); round += 1) {
      await untilLeaving('by the gateway');
      await untilJudged();
      const seen = await seenAtIsp(async () => {
        await cut();
        const moment = 1200 + Math.random() * 2500;
        await sleep(moment);
        await killAgent();
        await sleep(500);
        await mend();
        await startAgent();
        await untilLeaving('by the gateway');
      });
      expect([seen.beside, seen.untranslated]).toEqual([0, []]);
      expect(await seenAtIsp(() => sleep(1000))).toEqual(closed);
    }
  });

  it('is closed by a run when the verdict is lost, and destroy leaves nothing while it leaves directly', async () => {
    const { node1 } = world.hosts;
    await untilJudged();
    await cut();
    await untilLeaving('directly');
    await killAgent();
    await node1.run(['rm', '/run/mustredirect/host.verdicts']);
    await mustSucceed(node1, 'apply', '--yes');
    await untilLeaving('by the gateway');
    expect(await seenAtIsp(() => sleep(2000))).toEqual(closed);
    await startAgent();
    await untilLeaving('directly');
    await agent?.stop();
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await dump()).toBe(before);
  });
});
