/**
 * `flows: drain` with the agent: after a planned change of member, connections stay with the member that they have, with
 * its source NAT, and new ones leave by the next. When their member fails, they move, and TCP is reset.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import {
  type Client,
  type Connections,
  addressesOfGroup,
  startConnections,
  startServer,
} from './balance/connections.ts';
import { dropping, leaksDuring as leaks, movedBetween } from './balance/leaks.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { type RoutingWorld, createRoutingWorld, second, waitFor, writeFile } from './routing/world.ts';

const [v4, v6] = [addressesOf(4), addressesOf(6)];
const uplinks = { gw1: [v4.uplink, v6.uplink], gw2: [second[4].uplink, second[6].uplink] } as const;
type Member = keyof typeof uplinks;
/** what the agent pings, and no connection */
const targets = ['203.0.113.250', '2001:db8:113::fa'];
/** Milliseconds, on a busy machine. */
const patience = 90_000;
const perFamily = 6;
const groups = [0, 1, 2].map((group) => addressesOfGroup(group, perFamily));

let world: RoutingWorld;
let agent: Running;
let server: Running;
/** connections that began while gw1, then gw2, then gw1 again was in use */
const clients: Client[] = [];

beforeAll(async () => {
  world = await createRoutingWorld();
  const { node1, gw1, upstream } = world.hosts;
  await node1.run(['sh', '-c', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done']);
  server = await startServer(upstream, process.execPath, [...groups.flat(), ...targets]);
  const hosts = [gw1, world.gw2, node1];
  await write('drain');
  for (const host of hosts) await mustSucceed(host, 'apply', '--yes');
  await startAgent();
});
afterAll(async () => {
  for (const client of clients) await client.stop();
  await agent?.stop();
  await server?.stop();
  await world?.down();
});

const write = (flows: 'drain' | 'keep'): Promise<void> =>
  writeFile(
    world,
    '{ protocol: static }',
    `    check: { targets: [${targets.map((one) => `'${one}'`).join(', ')}], interval: 200ms, fall: 10, rise: 5 }
    failback: 1s
    flows: ${flows}
`,
  );

async function startAgent(): Promise<void> {
  agent = await world.hosts.node1.background.start(endingWithStdin([programPath, 'agent']));
  const judged = async (): Promise<boolean> => {
    const { stdout } = await mustredirect(world.hosts.node1, 'status');
    return ['gw1', 'gw2'].every((host) => stdout.split(`; ${host} works,`).length === 1 + families.length);
  };
  await waitFor('both members to be judged', judged, patience).catch(async (error: Error) => {
    const { stdout } = await mustredirect(world.hosts.node1, 'status');
    throw new Error(`${error.message}\n${stdout}\n${agent.output().stderr}`);
  });
}

const leaksDuring = (work: () => Promise<void>): Promise<string[]> => leaks(world, targets, work);

async function begin(): Promise<Connections> {
  const addresses = groups[clients.length] ?? [];
  const client = await startConnections(world.hosts.node1, process.execPath, addresses);
  clients.push(client);
  return untilAllAnswer(client);
}

/** Waits until every connection has had an answer from now on. */
async function untilAllAnswer(client: Client | undefined): Promise<Connections> {
  const since = Date.now();
  let now: Connections = {};
  await waitFor(
    'answers to all connections',
    async () => {
      now = client?.now() ?? {};
      return Object.keys(now).length > 0 && Object.values(now).every(({ last = 0 }) => last > since);
    },
    patience,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(now)}\n${agent.output().stderr}`);
  });
  return now;
}

/** Connections that the far side does not see with an address of this member. */
function notBy(member: Member, connections: Connections): string[] {
  const seen = ({ seen: address = '' }: { readonly seen?: string }): boolean =>
    (uplinks[member] as readonly string[]).includes(address);
  return Object.entries(connections).flatMap(([key, one]) => (seen(one) ? [] : [key]));
}

async function untilUsed(member: Member): Promise<void> {
  await waitFor(
    `${member} to be used`,
    async () =>
      (await mustSucceed(world.hosts.node1, 'status')).split(`leaves by ${member}`).length ===
      1 + families.length,
    patience,
  );
}

/** Pings of new flows, one for each address, that were not answered. */
async function newFlowsLost(work: () => Promise<unknown>): Promise<string[]> {
  const { node1 } = world.hosts;
  const addresses = groups[2] ?? [];
  const loop = `while :; do for a in ${addresses.join(' ')}; do ping -c 1 -W 2 "$a" >/dev/null || echo "$a"; done; echo round; done`;
  const pings = await node1.background.start(
    endingWithStdin(['ip', 'netns', 'exec', 'web', 'sh', '-c', loop]),
  );
  const rounds = (): number => pings.output().stdout.split('round').length - 1;
  const until = async (count: number): Promise<void> =>
    waitFor('rounds of pings', async () => rounds() >= count, patience);
  await until(1);
  await work();
  await until(rounds() + 2);
  const lines = pings.output().stdout.split('\n').slice(0, -1);
  await pings.stop();
  return lines.filter((line) => line !== 'round');
}

describe('connections of a gateway with flows drain', () => {
  it('stay with a member that is drained, and new ones leave by the next, without a loss', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await begin();
      expect(notBy('gw1', then)).toEqual([]);
      expect(await newFlowsLost(() => mustSucceed(node1, 'drain', 'gw1'))).toEqual([]);
      await untilUsed('gw2');
      expect(notBy('gw2', await begin())).toEqual([]);
      expect(movedBetween(then, await untilAllAnswer(clients[0]))).toEqual([]);
      expect(await mustSucceed(node1, 'status')).toMatch(/gw1 works, is drained, keeps \d+ connections/);
    });
    expect(leaked).toEqual([]);
  });

  it('stay where they are when the agent is killed, and when the file is applied again', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await Promise.all(clients.map(untilAllAnswer));
      agent.write('KILL\n');
      await waitFor('the end of the agent', async () => agent.ended(), patience);
      await mustSucceed(node1, 'apply', '--yes');
      await startAgent();
      await sleep(1000);
      const now = await Promise.all(clients.map(untilAllAnswer));
      expect(now.flatMap((one, i) => movedBetween(then[i] ?? {}, one))).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('stay with the second member when the first one is given back', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await Promise.all(clients.map(untilAllAnswer));
      expect(await newFlowsLost(() => mustSucceed(node1, 'undrain', 'gw1'))).toEqual([]);
      await untilUsed('gw1');
      expect(notBy('gw1', await begin())).toEqual([]);
      const now = await Promise.all(clients.slice(0, 2).map(untilAllAnswer));
      expect(now.flatMap((one, i) => movedBetween(then[i] ?? {}, one))).toEqual([]);
      expect(await mustSucceed(node1, 'status')).toMatch(/gw2 works, keeps \d+ connections/);
    });
    expect(leaked).toEqual([]);
  });

  it('of a member that fails move, TCP by a reset, and those of the other stay', async () => {
    const { upstream } = world.hosts;
    const leaked = await leaksDuring(async () => {
      const then = await Promise.all(clients.map(untilAllAnswer));
      await upstream.run(['sh', '-ec', dropping('iifname gw2')]);
      await waitFor(
        'gw2 to be known as failed',
        async () => (await mustSucceed(world.hosts.node1, 'status')).includes('gw2 has failed'),
        patience,
      );
      const moved = await untilAllAnswer(clients[1]);
      expect(notBy('gw1', moved)).toEqual([]);
      const ofTcp = Object.entries(moved).filter(([key]) => key.startsWith('tcp'));
      expect(ofTcp.filter(([key, { ended }]) => ended === then[1]?.[key]?.ended)).toEqual([]);
      for (const i of [0, 2])
        expect(movedBetween(then[i] ?? {}, await untilAllAnswer(clients[i]))).toEqual([]);
      await upstream.run(['nft', 'delete', 'table', 'inet', 'f']);
    });
    expect(leaked).toEqual([]);
  });

  it('control: with flows keep, all of them move with the member', async () => {
    const { node1, gw1 } = world.hosts;
    await agent.stop();
    const hosts = [gw1, world.gw2, node1];
    await write('keep');
    for (const host of hosts) await mustSucceed(host, 'apply', '--yes');
    await startAgent();
    await untilAllAnswer(clients[0]);
    await mustSucceed(node1, 'drain', 'gw1');
    const udp = async (): Promise<Connections> =>
      Object.fromEntries(
        Object.entries(await untilAllAnswer(clients[0])).filter(([key]) => key.startsWith('udp')),
      );
    await waitFor('UDP by gw2', async () => notBy('gw2', await udp()).length === 0, patience);
    expect(notBy('gw2', await udp())).toEqual([]);
  });
});
