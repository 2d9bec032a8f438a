/** Faults of members, uplinks, the upstream router and routing daemons: traffic is blocked, never leaks, and comes back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { startFrr, stopFrr } from './routing/frr.ts';
import { leaksDuring } from './routing/leaks.ts';
import { bgpUpstream, ospfUpstream } from './routing/upstream.ts';
import {
  type Member,
  type RoutingWorld,
  answers,
  createRoutingWorld,
  second,
  waitFor,
  waitForMember,
  writeFile,
} from './routing/world.ts';

const bfd = { interval: 100, multiplier: 3 } as const;
const bfdKey = 'bfd: { interval: 100ms }';
const protocols = [
  { name: 'BGP', lan: `{ protocol: bgp, ${bfdKey} }`, upstream: bgpUpstream(bfd) },
  {
    name: 'OSPF',
    lan: `{ protocol: ospf, password_file: /etc/ospf.password, ${bfdKey} }`,
    upstream: ospfUpstream(bfd),
  },
] as const;

let world: RoutingWorld;
/** packets that the capture saw before the first apply */
let controlled: number;

/** gateways first */
function allHosts(): TestHost[] {
  return [world.hosts.gw1, world.gw2, world.hosts.node1];
}

const reaches = (member: Member): Promise<void> => waitForMember(world, member);

async function comesBack(): Promise<void> {
  await reaches('gw1');
  await waitFor('answers', async () => (await answers(world)).every(Boolean));
}

/** Sets ports of a host up or down; an IPv6 address goes with its link. */
async function setLinks(host: TestHost, state: 'up' | 'down'): Promise<void> {
  for (const member of ['gw1', 'gw2']) await host.run(['ip', 'link', 'set', member, state]);
  if (state === 'down' || host !== world.hosts.upstream) return;
  for (const [device, address] of [
    ['gw1', addressesOf(6).upstream],
    ['gw2', second[6].upstream],
  ] as const)
    await host.run(['ip', 'address', 'replace', `${address}/64`, 'dev', device, 'nodad']);
}

async function signal(host: TestHost, name: string): Promise<void> {
  await host.run(['sh', '-c', `kill -${name} $(cat /run/mustredirect/host.bird/bird.pid)`]);
}

async function isBlocked(): Promise<void> {
  await reaches('none');
  expect(await answers(world)).toEqual([false, false]);
}

interface Fault {
  readonly what: string;
  readonly happens: () => Promise<void>;
}

const faults: readonly Fault[] = [
  {
    what: 'both members are cut off',
    async happens() {
      await setLinks(world.hosts.switch, 'down');
      await isBlocked();
      await setLinks(world.hosts.switch, 'up');
    },
  },
  {
    what: 'the uplinks of both members are cut off',
    async happens() {
      await setLinks(world.hosts.upstream, 'down');
      await isBlocked();
      await setLinks(world.hosts.upstream, 'up');
    },
  },
  {
    what: 'BIRD of the node is killed',
    async happens() {
      await signal(world.hosts.node1, 'KILL');
      await reaches('none');
    },
  },
  {
    what: 'BIRD of the node is ended',
    async happens() {
      await signal(world.hosts.node1, 'TERM');
      await reaches('none');
    },
  },
  {
    // Its routes stay in the kernel: traffic goes on, as redirected as before.
    what: 'BIRD of the node stands still, and apply starts another',
    async happens() {
      const { node1 } = world.hosts;
      await signal(node1, 'STOP');
      expect((await mustredirect(node1, 'plan', '--check')).exitCode).toBe(3);
      await mustSucceed(node1, 'apply', '--yes');
    },
  },
  {
    what: 'BIRD of a member is killed',
    async happens() {
      await signal(world.hosts.gw1, 'KILL');
      await reaches('gw2');
    },
  },
  {
    what: 'BIRD of a member is ended',
    async happens() {
      await signal(world.hosts.gw1, 'TERM');
      await reaches('gw2');
    },
  },
  {
    what: 'BIRDs of both members stand still, and go on',
    async happens() {
      for (const member of [world.hosts.gw1, world.gw2]) await signal(member, 'STOP');
      await isBlocked();
      for (const member of [world.hosts.gw1, world.gw2]) await signal(member, 'CONT');
    },
  },
];

describe.each(protocols)('routes by $name', ({ name, lan, upstream }) => {
  beforeAll(async () => {
    world = await createRoutingWorld();
    await writeFile(world, lan, '    snat: none\n', upstream.uplink);
    for (const host of allHosts()) {
      await host.files.replace('/etc/bgp.password', 'secret\n');
      await host.files.replace('/etc/ospf.password', 'secret\n');
    }
    await startFrr(world.hosts.upstream, upstream.daemons, upstream.frr);
    controlled = await leaksDuring(world, async () => {
      await answers(world);
    });
    for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
    await comesBack();
  });

  afterAll(async () => {
    await world.down();
  });

  it.each(faults)('$what: nothing leaks, and traffic comes back', async ({ happens }) => {
    const leaked = await leaksDuring(world, async () => {
      await happens();
      await comesBack();
    });
    expect(leaked).toBe(0);
    expect(controlled).toBeGreaterThan(0);
  });

  it('the upstream router is gone: nothing leaks, and traffic comes back with it', async () => {
    const leaked = await leaksDuring(world, async () => {
      await stopFrr(world.hosts.upstream);
      await isBlocked();
      await startFrr(world.hosts.upstream, upstream.daemons, upstream.frr);
      await comesBack();
    });
    expect([name, leaked]).toEqual([name, 0]);
  });
});
