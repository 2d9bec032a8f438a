/**
 * mode: balance with the agent: many connections of both families over three members. A member that goes takes its own
 * connections along and no other; one that comes back moves none; nothing leaves by another way.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DrillResult } from '../../src/agent/drill/drill.ts';
import { slotOf } from '../../src/address/connection-hash.ts';
import { type Family, families, familyOf } from '../../src/address/cidr.ts';
import { slotCount, slotOwners } from '../../src/health/slots.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import {
  type Client,
  type Connections,
  addressesOfGroup,
  startConnections,
  startServer,
} from './balance/connections.ts';
import { dropping, leaksDuring as leaks, movedBetween } from './balance/leaks.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import {
  type GatewayAddresses,
  type RoutingWorld,
  addGateway,
  createRoutingWorld,
  second,
  waitFor,
} from './routing/world.ts';

const third: GatewayAddresses = {
  4: { lan: '192.168.50.4', uplink: '172.31.2.2', upstream: '172.31.2.1' },
  6: { lan: '2001:db8:50::4', uplink: '2001:db8:33::2', upstream: '2001:db8:33::1' },
};
const first: GatewayAddresses = {
  4: { lan: addressesOf(4).gw1, uplink: addressesOf(4).uplink, upstream: addressesOf(4).upstream },
  6: { lan: addressesOf(6).gw1, uplink: addressesOf(6).uplink, upstream: addressesOf(6).upstream },
};
const gateways = { gw1: first, gw2: second, gw3: third } as const;
type Member = keyof typeof gateways;
const hosts: readonly Member[] = ['gw1', 'gw2', 'gw3'];
const weights = { gw1: 2, gw2: 1, gw3: 1 } as const;
const weighted = hosts.map((host) => ({ host, weight: weights[host] }));

/** Milliseconds, on a busy machine. */
const patience = 90_000;
/** milliseconds without an answer after which a connection waits for its member */
const quiet = 1500;
const perFamily = 16;
const [early, late] = [addressesOfGroup(0, perFamily), addressesOfGroup(1, perFamily)];
/** what the agent pings, and no connection */
const targets = ['203.0.113.250', '2001:db8:113::fa'];

let world: RoutingWorld;
let gw3: TestHost;
let agent: Running;
let server: Running;
let client: Client;
let before: string;
let source: Readonly<Record<Family, string>>;

beforeAll(async () => {
  world = await createRoutingWorld();
  gw3 = await addGateway(world, 'gw3', third);
  const { node1, upstream } = world.hosts;
  // Strict, as all members are on one link.
  await node1.run(['sh', '-c', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done']);
  server = await startServer(upstream, process.execPath, [...early, ...late, ...targets]);
  const [v4 = '', v6 = ''] = await world.containers.addresses('web', network.name);
  source = { 4: v4, 6: v6 };
  await writeFile();
  before = await dump();
  for (const host of [world.hosts.gw1, world.gw2, gw3, node1]) await mustSucceed(host, 'apply', '--yes');
  await startAgent();
  client = await startConnections(node1, process.execPath, early);
});
afterAll(async () => {
  await client?.stop();
  await agent?.stop();
  await server?.stop();
  await world?.down();
});

/** @param networks more of them, so that a mark steers */
async function writeFile(networks = ''): Promise<void> {
  const lists = (host: Member, at: 'lan' | 'upstream'): string =>
    `['${gateways[host][4][at]}', '${gateways[host][6][at]}']`;
  const text = `version: 1
hosts:
  node1: ['${addressesOf(4).node1}', '${addressesOf(6).node1}']
${hosts.map((host) => `  ${host}: ${lists(host, 'lan')}`).join('\n')}
networks:
  ${network.name}:
    engine: external
    subnets: { node1: [${network.subnet}, '${network.subnet6}'] }
    via: office
${networks}gateways:
  office:
    mode: balance
    members:
${hosts.map((host) => `      - { host: ${host}, weight: ${weights[host]}, uplink: { device: uplink0, via: ${lists(host, 'upstream')} } }`).join('\n')}
    check: { targets: [${targets.map((one) => `'${one}'`).join(', ')}], interval: 200ms, fall: 10, rise: 5 }
    failback: 1s
    flows: reset
`;
  const all = [world.hosts.node1, world.hosts.gw1, world.gw2, gw3];
  await Promise.all(all.map((host) => host.files.replace(filePath, text)));
}

async function startAgent(): Promise<void> {
  agent = await world.hosts.node1.background.start(endingWithStdin([programPath, 'agent']));
}

/** Waits until the agent has judged every member in both families. */
async function waitForAgent(): Promise<void> {
  const judged = async (): Promise<boolean> => {
    const { stdout } = await mustredirect(world.hosts.node1, 'status');
    return hosts.every((host) => stdout.split(`${host} works`).length === 1 + families.length);
  };
  await waitFor('every member to be judged', judged, patience);
}

const dump = (): Promise<string> =>
  world.hosts.node1.run([
    'sh',
    '-c',
    'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all | grep -v expires; nft -s list ruleset; sysctl net.ipv4.conf net.ipv4.ip_forward net.ipv6.conf.all.forwarding',
  ]);

function memberSeen(address: string | undefined): Member | undefined {
  return hosts.find((host) => families.some((family) => gateways[host][family].uplink === address));
}

/** The member that the hash gives a connection. */
function memberOf(connection: string, inUse: readonly Member[] = hosts): Member {
  const destination = connection.split(' ')[1] ?? '';
  const slot = slotOf(source[familyOf(destination)], destination, slotCount, 1);
  return slotOwners(weighted, inUse)[slot] as Member;
}

/** Waits until every connection has had an answer from now on. */
async function untilAllAnswer(of: Client = client): Promise<Connections> {
  const since = Date.now();
  let now: Connections = {};
  await waitFor(
    'answers to all connections',
    async () => {
      now = of.now();
      return Object.keys(now).length > 0 && Object.values(now).every(({ last = 0 }) => last > since);
    },
    patience,
  ).catch(async (error: Error): Promise<never> => {
    const silent = Object.entries(now).filter(([, { last = 0 }]) => last <= since);
    const told = silent.map(([key, one]) => `${key} (${memberOf(key)}): ${JSON.stringify(one)}`);
    const sockets = await world.hosts.node1.run(['ip', 'netns', 'exec', 'web', 'ss', '-tnoi']);
    throw new Error(`${error.message}: ${told.join('\n')}\n${sockets}\n${agent.output().stderr}`);
  });
  return now;
}

/** Waits until the node gives new connections to these members. */
async function untilShared(inUse: readonly Member[]): Promise<void> {
  const wanted = slotOwners(weighted, inUse);
  for (const family of families) {
    await waitFor(
      `IPv${family} shared by ${inUse.join(' ')}`,
      async () => {
        const map = await world.hosts.node1.run([
          'nft',
          'list',
          'map',
          'inet',
          'mustredirect',
          `slots${family}_office`,
        ]);
        return [...map.matchAll(/(\d+) : goto first\d_(\w+)/g)].every(
          ([, slot, host]) => wanted[Number(slot)] === host,
        );
      },
      patience,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${agent.output().stderr}`);
    });
  }
}

interface Moved {
  /** connections that have changed their member, or were ended */
  readonly moved: readonly string[];
  /** those that were on the given members */
  readonly own: readonly string[];
}

function compare(then: Connections, now: Connections, members: readonly Member[]): Moved {
  const keys = Object.keys(then);
  return {
    moved: movedBetween(then, now),
    own: keys.filter((key) => members.includes(memberSeen(then[key]?.seen) as Member)),
  };
}

const leaksDuring = (work: () => Promise<void>): Promise<string[]> => leaks(world, targets, work);
const cut = (member: Member): Promise<string> =>
  world.hosts.upstream.run(['sh', '-ec', dropping(`iifname ${member}`)]);
const mend = (): Promise<string> => world.hosts.upstream.run(['nft', 'delete', 'table', 'inet', 'f']);

describe('connections of a gateway with mode balance', () => {
  it('are spread over all members as the hash says, in both families, and stay', async () => {
    const leaked = await leaksDuring(async () => {
      const found = await untilAllAnswer();
      for (const [key, { seen, changes, ended }] of Object.entries(found)) {
        expect([key, memberSeen(seen), changes, ended]).toEqual([key, memberOf(key), 0, 0]);
      }
      for (const family of families) {
        const some = Object.entries(found).filter(([key]) => familyOf(key.split(' ')[1] ?? '') === family);
        for (const host of hosts) {
          expect(some.filter(([, { seen }]) => memberSeen(seen) === host).length).toBeGreaterThan(2);
        }
      }
    });
    expect(leaked).toEqual([]);
  });

  it('verify and doctor know that a packet may leave by any member, and find nothing', async () => {
    const { node1 } = world.hosts;
    const verified = await mustredirect(node1, 'verify');
    expect([verified.exitCode, verified.stdout]).toEqual([
      0,
      expect.stringMatching(/left by eth0 to 192\.168\.50\.[234]/),
    ]);
    const found = await mustredirect(node1, 'doctor', '--json');
    const findings = JSON.parse(found.stdout) as readonly { readonly problem: string }[];
    // The sender of this test is a process of the machine in the container's network.
    expect(findings.map(({ problem }) => problem).filter((text) => !text.includes('(node)'))).toEqual([]);
  });

  it('of a member that fails move to the others, which keep theirs; none moves back', async () => {
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      await cut('gw2');
      await untilShared(['gw1', 'gw3']);
      const now = await untilAllAnswer();
      const { moved, own } = compare(then, now, ['gw2']);
      expect(own.length).toBeGreaterThan(5);
      expect(moved.toSorted()).toEqual(own.toSorted());
      for (const key of own) expect(memberSeen(now[key]?.seen)).toBe(memberOf(key, ['gw1', 'gw3']));

      await mend();
      await untilShared(hosts);
      const after = await untilAllAnswer();
      expect(compare(now, after, []).moved).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('that are new go to the member that is back', async () => {
    const fresh = await startConnections(world.hosts.node1, process.execPath, late);
    const found = await untilAllAnswer(fresh);
    await fresh.stop();
    for (const [key, { seen }] of Object.entries(found)) {
      expect([key, memberSeen(seen)]).toEqual([key, memberOf(key)]);
    }
    expect(Object.values(found).some(({ seen }) => memberSeen(seen) === 'gw2')).toBe(true);
  });

  it('of one family move alone when a member fails in that family', async () => {
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      await world.hosts.upstream.run(['sh', '-ec', dropping('iifname gw1 meta nfproto ipv6')]);
      await waitFor(
        'gw1 to be left in IPv6',
        async () => !(await mustSucceed(world.hosts.node1, 'status')).includes('office: IPv6 leaves by gw1'),
        patience,
      );
      const now = await untilAllAnswer();
      const { moved, own } = compare(then, now, ['gw1']);
      expect(moved.toSorted()).toEqual(own.filter((key) => key.includes(':')).toSorted());
      await mend();
      await untilShared(hosts);
      expect(compare(now, await untilAllAnswer(), []).moved).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('of a drained member move, and nothing else; new ones lose no packet', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      const said = await mustSucceed(node1, 'drain', 'gw3');
      expect(said).toContain('office: IPv4 leaves by gw1 and gw2');
      await untilShared(['gw1', 'gw2']);
      expect(await mustSucceed(node1, 'status')).toMatch(/gw3 works, is drained, 0 % of new connections/);
      const now = await untilAllAnswer();
      const { moved, own } = compare(then, now, ['gw3']);
      expect(moved.toSorted()).toEqual(own.toSorted());
      for (const address of late) {
        const argv = ['ping', '-c', '2', '-i', '0.05', '-W', '2', address];
        const { stdout } = await world.containers.run('web', argv);
        expect([address, stdout.match(/, (\d+)% packet loss/)?.[1]]).toEqual([address, '0']);
      }
      await mustSucceed(node1, 'undrain', 'gw3');
      await untilShared(hosts);
      expect(compare(now, await untilAllAnswer(), []).moved).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('drill cuts the member that its pings leave by, and measures', async () => {
    const { node1 } = world.hosts;
    await untilShared(hosts);
    await waitForAgent();
    const { exitCode, stdout, stderr } = await mustredirect(node1, 'drill', 'office', '--yes', '--json');
    expect([exitCode, stderr]).toEqual([0, '']);
    const { member, results } = JSON.parse(stdout) as { member: string; results: readonly DrillResult[] };
    expect(hosts).toContain(member);
    for (const { to, leaked, missed, away, back } of results) {
      expect([leaked, missed, back?.lost, to === member]).toEqual([0, 0, 0, false]);
      // Ten lost probes 200 ms apart, at the least.
      expect(away.longest).toBeGreaterThan(1500);
    }
    await untilShared(hosts);
    await untilAllAnswer();
  });

  it('are as they were when the agent is killed, and wait when their member fails without it', async () => {
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      agent.write('KILL\n');
      await waitFor('the end of the agent', async () => agent.ended(), patience);
      expect(compare(then, await untilAllAnswer(), []).moved).toEqual([]);
      const link = 'ip link set gw2 down';
      await world.hosts.switch.run(['sh', '-c', link]);
      const others = async (): Promise<void> => {
        const since = Date.now();
        await waitFor(
          'answers of the other members',
          async () =>
            Object.entries(client.now()).every(
              ([key, { last = 0 }]) => memberSeen(then[key]?.seen) === 'gw2' || last > since,
            ),
          patience,
        );
      };
      await others();
      // Longer than a connection that answers is ever silent.
      await sleep(quiet);
      await others();
      const now = client.now();
      const silent = Object.keys(now).filter((key) => Date.now() - (now[key]?.last ?? 0) > quiet);
      expect(silent.length).toBeGreaterThan(0);
      expect(silent.every((key) => memberSeen(then[key]?.seen) === 'gw2')).toBe(true);
      await world.hosts.switch.run(['ip', 'link', 'set', 'gw2', 'up']);
      expect(compare(then, await untilAllAnswer(), []).moved).toEqual([]);
      await startAgent();
    });
    expect(leaked).toEqual([]);
  });

  it('survive an apply that changes nothing of them, and the nft table made anew', async () => {
    const { node1 } = world.hosts;
    await untilShared(hosts);
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      await mustSucceed(node1, 'apply', '--yes');
      await node1.run(['nft', 'delete', 'table', 'inet', 'mustredirect']);
      // The run forgets connections, since nobody knows what they were: those that a failure has moved go back.
      const stays = (key: string): boolean => memberSeen(then[key]?.seen) === memberOf(key);
      expect(compare(then, await untilAllAnswer(), []).moved.filter(stays)).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('are spread in the same way where a mark steers, and none moves when that begins', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await untilAllAnswer();
      // A member whose file changes is closed for a moment, and the agent would leave it.
      await agent.stop();
      await writeFile(
        Array.from(
          { length: 12 },
          (_, i) =>
            `  net${i}: { engine: external, subnets: { node1: [10.90.${2 * i}.0/24, 'fd90:${2 * i}::/64'] }, via: office }\n`,
        ).join(''),
      );
      for (const host of [world.hosts.gw1, world.gw2, gw3, node1]) await mustSucceed(host, 'apply', '--yes');
      expect(await node1.run(['ip', 'rule'])).toMatch(/^4200:.*fwmark .* prohibit/m);
      const kept = await untilAllAnswer();
      expect(compare(then, kept, []).moved).toEqual([]);
      await startAgent();
      await waitForAgent();
      await cut('gw1');
      await untilShared(['gw2', 'gw3']);
      const now = await untilAllAnswer();
      const { moved, own } = compare(kept, now, ['gw1']);
      expect(moved.toSorted()).toEqual(own.toSorted());
      await mend();
    });
    expect(leaked).toEqual([]);
  });

  it('destroy takes all away; control: then packets leave by the isp', async () => {
    const { node1 } = world.hosts;
    await agent.stop();
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await dump()).toBe(before);
    await client.stop();
    const leaked = await leaksDuring(async () => {
      for (const address of [early[0] ?? '', early[perFamily] ?? '']) {
        await world.containers.run('web', ['ping', '-c', '2', '-W', '1', address]);
      }
    });
    expect(leaked.length).toBeGreaterThan(1);
  });
});
