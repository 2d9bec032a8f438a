/** The files of docs/guides/routing, as they are printed there: nodes, members, and a real FRR or BIRD as the upstream router. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Family, families } from '../../src/address/cidr.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { thisMachine } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { startBird, stopBird } from './routing/bird.ts';
import { startFrr, stopFrr } from './routing/frr.ts';
import { type RoutingWorld, createRoutingWorld, learnedDefault, waitFor } from './routing/world.ts';
import { podmanEngines } from './test-world.ts';

/** Host of the provider, beyond the upstream router. */
const far = { 4: '198.51.100.1', 6: '2001:db8:51::1' } as const;
const gw1 = { 4: '192.168.50.2', 6: '2001:db8:50::2' } as const;

let world: RoutingWorld;

function printed(path: string): string {
  return readFileSync(new URL(`../../docs/guides/routing/${path}`, import.meta.url), 'utf8');
}

beforeAll(async () => {
  const [engine] = await podmanEngines();
  world = await createRoutingWorld(engine, 'web');
  await rename();
});

/** Also of a test that failed. */
afterEach(async () => {
  await stopFrr(world.hosts.upstream);
});

afterAll(async () => {
  await world.down();
});

/** Links and devices as the files have them: the upstream router has eth0 to its provider, eth1 to gw1 and eth2 to gw2. */
async function rename(): Promise<void> {
  const { hosts, gw2 } = world;
  const { upstream } = hosts;
  const ip = async (host: TestHost, lines: readonly string[]): Promise<void> => {
    // By the pids of the machine, which a test host does not know.
    const { exitCode, stderr } = await thisMachine().exec.run(inNetwork(host.pid, ['ip', '-batch', '-']), {
      input: `${lines.join('\n')}\n`,
    });
    if (exitCode !== 0) throw new Error(stderr);
  };
  await upstream.run(['ip', 'netns', 'add', 'far']);
  await upstream.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'far']);
  await ip(upstream, [
    'link del gw1',
    'link del gw2',
    `link add eth1 type veth peer name eth1 netns ${hosts.gw1.pid}`,
    `link add eth2 type veth peer name eth1 netns ${gw2.pid}`,
    'address add 198.51.100.2/24 dev eth0',
    'address add 2001:db8:51::2/64 dev eth0',
    'address add 172.31.0.1/30 dev eth1',
    'address add 2001:db8:31::1/64 dev eth1',
    'address add 172.31.1.1/30 dev eth2',
    'address add 2001:db8:32::1/64 dev eth2',
    ...['eth0', 'eth1', 'eth2'].map((device) => `link set ${device} up`),
  ]);
  const inside = [
    'address add 198.51.100.1/24 dev eth0',
    'address add 2001:db8:51::1/64 dev eth0 nodad',
    'link set eth0 up',
    'route add default via 198.51.100.2',
    'route add default via 2001:db8:51::2',
  ];
  await upstream.run(['ip', '-netns', 'far', '-batch', '-'], { input: `${inside.join('\n')}\n` });
  await ip(hosts.gw1, [
    'address add 172.31.0.2/30 dev eth1',
    'address add 2001:db8:31::2/64 dev eth1',
    'link set eth1 up',
  ]);
  await ip(gw2, [
    'address add 172.31.1.2/30 dev eth1',
    'address add 2001:db8:32::2/64 dev eth1',
    'link set eth1 up',
  ]);
}

/** The upstream router runs a daemon with the printed configuration; its password is the word that stands there. */
async function startUpstream(protocol: 'bgp' | 'ospf', daemon: 'frr' | 'bird'): Promise<void> {
  const { upstream } = world.hosts;
  const config = printed(`${protocol}/${daemon}.conf`);
  if (daemon === 'bird') return startBird(upstream, config);
  const daemons = protocol === 'bgp' ? (['bgpd'] as const) : (['ospfd', 'ospf6d'] as const);
  return startFrr(upstream, ['zebra', 'staticd', ...daemons, 'bfdd'], config);
}

function stopUpstream(daemon: 'frr' | 'bird'): Promise<void> {
  return (daemon === 'bird' ? stopBird : stopFrr)(world.hosts.upstream);
}

async function applyEverywhere(protocol: 'bgp' | 'ospf'): Promise<void> {
  const { hosts, gw2 } = world;
  const members = [hosts.gw1, gw2];
  for (const host of [...members, hosts.node1])
    await host.files.replace(filePath, printed(`${protocol}/mustredirect.yaml`));
  await Promise.all(
    members.map(async (host) => {
      await host.files.replace('/etc/mustredirect/bgp.password', 'SECRET\n');
      await mustSucceed(host, 'apply', '--yes');
    }),
  );
  await mustSucceed(hosts.node1, 'apply', '--yes');
}

/** Next hop of a route in the upstream router's kernel. */
async function routeAt(family: Family, to: string): Promise<string | undefined> {
  const text = await world.hosts.upstream.run(['ip', `-${family}`, 'route', 'show', to]);
  return /via \S+ dev (\S+)/.exec(text)?.[1];
}

async function answers(family: Family): Promise<boolean> {
  const argv = ['ping', '-c', '1', '-W', '1', far[family]];
  return (await world.containers.run('web', argv)).exitCode === 0;
}

describe.each(['bgp', 'ospf'] as const)('the printed files, by %s with the upstream router', (protocol) => {
  it.each(['frr', 'bird'] as const)('which runs %s', async (daemon) => {
    const { node1 } = world.hosts;
    await startUpstream(protocol, daemon);
    await applyEverywhere(protocol);
    for (const family of families) {
      await waitFor(`gw1 in IPv${family}`, async () => (await learnedDefault(node1, family)) === gw1[family]);
      // Replies come back by the member that the node prefers.
      await waitFor(
        `route back in IPv${family}`,
        async () => (await routeAt(family, subnetOf(family))) === 'eth1',
      );
      await waitFor(`answers in IPv${family}`, () => answers(family));
    }
    const capture = await world.capture('upstream', 'eth0', 'icmp[icmptype] == icmp-echo or ip6[40] == 128');
    await Promise.all(families.map(answers));
    const sources = (await capture.stop()).map(({ source }) => source);
    expect(sources.sort()).toEqual((await world.containers.addresses('web', 'web')).toSorted());
    for (const host of [world.hosts.gw1, world.gw2]) await expectSessions(host, protocol);
    await stopUpstream(daemon);
    for (const family of families)
      await waitFor(
        `no default in IPv${family}`,
        async () => (await learnedDefault(node1, family)) === 'none',
      );
  });
});

/** With the node and the upstream router, in both families, each with its BFD. */
async function expectSessions(host: TestHost, protocol: 'bgp' | 'ospf'): Promise<void> {
  const status = await mustSucceed(host, 'status');
  const up = protocol === 'bgp' ? 'BGP Established, .*BFD Up' : 'OSPF Running';
  expect(
    status.match(new RegExp(`upstream router \\(\\S+\\): ${up}, .*1 accepted, 1 announced`, 'g')),
  ).toHaveLength(2);
  expect(
    status.match(/node node1 \(\S+\): BGP Established, .*BFD Up, 1 accepted, 1 announced$/gm),
  ).toHaveLength(2);
}
