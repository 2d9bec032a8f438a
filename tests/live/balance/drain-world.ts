/** A node with the agent, two members with source NAT, and connections of a container through them. */
import { families } from '../../../src/address/cidr.ts';
import { endingWithStdin } from '../../../src/host/process/background.ts';
import type { Running } from '../../../src/host/ports.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { mustSucceed, mustredirect, programPath } from '../program.ts';
import { type RoutingWorld, createRoutingWorld, second, waitFor, writeFile } from '../routing/world.ts';
import {
  type Client,
  type Connections,
  addressesOfGroup,
  startConnections,
  startServer,
} from './connections.ts';
import { leaksDuring } from './leaks.ts';

const [v4, v6] = [addressesOf(4), addressesOf(6)];
const uplinks = { gw1: [v4.uplink, v6.uplink], gw2: [second[4].uplink, second[6].uplink] } as const;
export type Member = keyof typeof uplinks;
/** what the agent pings, and no connection */
const targets = ['203.0.113.250', '2001:db8:113::fa'];
/** Milliseconds, on a busy machine. */
export const patience = 90_000;
const perFamily = 6;
const groups = [0, 1, 2].map((group) => addressesOfGroup(group, perFamily));

export interface DrainWorld {
  readonly world: RoutingWorld;
  readonly members: readonly TestHost[];
  agent(): Running;
  startAgent(): Promise<void>;
  /** Writes and applies the file on all hosts. */
  apply(flows: 'drain' | 'keep'): Promise<void>;
  /** Packets of containers that leave by the isp, while something happens. */
  leaksDuring(work: () => Promise<void>): Promise<string[]>;
  /** Starts the next group of connections. */
  begin(): Promise<Connections>;
  /** Waits until every connection of a group has had an answer from now on. */
  readonly untilAllAnswer: (group: number) => Promise<Connections>;
  untilUsed(member: Member): Promise<void>;
  /** Pings of new flows, one for each address, that were not answered. */
  newFlowsLost(work: () => Promise<unknown>): Promise<string[]>;
  down(): Promise<void>;
}

/** Connections that the far side does not see with an address of this member. */
export function notBy(member: Member, connections: Connections): string[] {
  const seen = ({ seen: address = '' }: { readonly seen?: string }): boolean =>
    (uplinks[member] as readonly string[]).includes(address);
  return Object.entries(connections).flatMap(([key, one]) => (seen(one) ? [] : [key]));
}

export async function createDrainWorld(): Promise<DrainWorld> {
  const world = await createRoutingWorld();
  const { node1, gw1, upstream } = world.hosts;
  await node1.run(['sh', '-c', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done']);
  const server = await startServer(upstream, process.execPath, [...groups.flat(), ...targets]);
  const agent = agentOn(node1);
  /** connections, in the order of their groups */
  const clients: Client[] = [];
  const untilAllAnswer = (group: number): Promise<Connections> =>
    answersOf(clients[group], () => agent.running()?.output().stderr ?? '');
  return {
    world,
    members: [gw1, world.gw2],
    agent: () => {
      const running = agent.running();
      if (!running) throw new Error('no agent was started');
      return running;
    },
    startAgent: () => agent.start(),
    async apply(flows) {
      await write(world, flows);
      for (const host of [gw1, world.gw2, node1]) await mustSucceed(host, 'apply', '--yes');
    },
    leaksDuring: (work) => leaksDuring(world, targets, work),
    async begin() {
      const addresses = groups[clients.length] ?? [];
      clients.push(await startConnections(node1, process.execPath, addresses));
      return untilAllAnswer(clients.length - 1);
    },
    untilAllAnswer,
    untilUsed: (member) =>
      waitFor(
        `${member} to be used`,
        async () =>
          (await mustSucceed(node1, 'status')).split(`leaves by ${member}`).length === 1 + families.length,
        patience,
      ),
    newFlowsLost: (work) => newFlowsLost(node1, work),
    async down() {
      for (const client of clients) await client.stop();
      await agent.running()?.stop();
      await server.stop();
      await world.down();
    },
  };
}

const write = (world: RoutingWorld, flows: 'drain' | 'keep'): Promise<void> =>
  writeFile(
    world,
    '{ protocol: static }',
    `    check: { targets: [${targets.map((one) => `'${one}'`).join(', ')}], interval: 200ms, fall: 10, rise: 5 }
    failback: 1s
    flows: ${flows}
`,
  );

function agentOn(node1: TestHost) {
  let running: Running | undefined;
  const judged = async (): Promise<boolean> => {
    const { stdout } = await mustredirect(node1, 'status');
    return ['gw1', 'gw2'].every((host) => stdout.split(`; ${host} works,`).length === 1 + families.length);
  };
  return {
    running: () => running,
    async start(): Promise<void> {
      const started = await node1.background.start(endingWithStdin([programPath, 'agent']));
      running = started;
      await waitFor('both members to be judged', judged, patience).catch(async (error: Error) => {
        const { stdout } = await mustredirect(node1, 'status');
        throw new Error(`${error.message}\n${stdout}\n${started.output().stderr}`);
      });
    },
  };
}

async function answersOf(client: Client | undefined, log: () => string): Promise<Connections> {
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
    throw new Error(`${error.message}: ${JSON.stringify(now)}\n${log()}`);
  });
  return now;
}

async function newFlowsLost(node1: TestHost, work: () => Promise<unknown>): Promise<string[]> {
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
