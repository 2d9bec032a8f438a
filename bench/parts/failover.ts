/** Members that fail, and are drained: how long a container gets no answer until the agent has left them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import {
  type RoutingWorld,
  createRoutingWorld,
  second,
  waitFor,
  writeFile,
} from '../../tests/live/routing/world.ts';
import { atMost, checkOf } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import { type Outage, answers, measureOutage, to } from '../lab/outage.ts';
import { programOf } from '../lab/program.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import { quantile } from '../statistics.ts';
import type { Context, Part } from './part.ts';

/** Probes of `check:`, and how long an outage may last in milliseconds. */
const settings = [
  { name: 'probes every 50 ms', keys: 'interval: 50ms, fall: 3, rise: 3', limit: 300 },
  { name: 'defaults', keys: 'rise: 3', limit: 1000 },
] as const;

/** nft on upstream, which is the far end of the uplinks */
const chain = (hook: string, rule: string): string =>
  `nft "add table inet f; add chain inet f c { type filter hook ${hook}; }; add rule inet f c ${rule}"`;
const mendNft = 'nft delete table inet f';
const atFirst = (what: string, hook: string, rule: string) =>
  ({ what, place: 'upstream', cut: chain(hook, rule), mend: mendNft }) as const;

const faults = [
  { what: 'member dead', place: 'switch', cut: 'ip link set gw1 down', mend: 'ip link set gw1 up' },
  {
    what: 'member forwards no more',
    place: 'gw1',
    cut: 'echo 0 >/proc/sys/net/ipv4/ip_forward',
    mend: 'echo 1 >/proc/sys/net/ipv4/ip_forward',
  },
  {
    what: 'uplink dead, with carrier',
    place: 'upstream',
    cut: 'nft "add table netdev f; add chain netdev f c { type filter hook ingress device gw1 priority 0; policy drop; }"',
    mend: 'nft delete table netdev f',
  },
  atFirst('path beyond the uplink dead', 'input priority 0', 'iifname gw1 drop'),
  atFirst('answers lost', 'postrouting priority 400', 'oifname gw1 drop'),
] as const;

/** There is no moment at which nothing comes through: it counts when the member is left. */
const lossy = atFirst(
  '30 % of packets lost',
  'prerouting priority -400',
  'iifname gw1 numgen random mod 10 < 3 drop',
);

const drained = 'drained';

/** milliseconds: longer than any failover, and longer than it takes until a member is used again */
const [patience, longReturn] = [10_000, 60_000];

export const failover: Part = {
  name: 'failover',
  title: 'Failover',
  run: async (context) => {
    const world = await createRoutingWorld('external', undefined, { name: `${context.name}-failover` });
    try {
      const all: Rounds[] = [];
      for (const setting of settings) all.push(...(await measureSetting(context, world, setting)));
      return { series: all.flatMap(seriesIn), checks: all.flatMap(checksOf) };
    } finally {
      await world.down();
    }
  },
  plots: ({ series }) => [
    barPlot({
      name: 'failover',
      title: 'Milliseconds without an answer',
      bars: series.map(({ measure, samples, variant }) => ({
        label: measure,
        value: quantile(samples, 0.5),
        spread: [quantile(samples, 0.25), quantile(samples, 0.75)] as const,
        variant,
      })),
    }),
  ],
};

interface Left extends Outage {
  /** milliseconds from the cut to the change of the route */
  readonly until: number;
}

interface Rounds {
  readonly what: string;
  readonly setting: (typeof settings)[number];
  readonly found: readonly Left[];
}

async function measureSetting(
  { effort, progress, root }: Context,
  world: RoutingWorld,
  setting: (typeof settings)[number],
): Promise<readonly Rounds[]> {
  const agent = await begin(world, root, setting.keys);
  const rounds = async (what: string, once: () => Promise<Left>): Promise<Rounds> => {
    const found: Left[] = [];
    for (let round = 1; round <= effort.failoverRounds; round += 1) {
      progress(`${setting.name}, round ${round} of ${effort.failoverRounds}: ${what}`);
      found.push(await once());
    }
    return { what, setting, found };
  };
  const all: Rounds[] = [];
  for (const fault of [...faults, lossy]) {
    all.push(await rounds(fault.what, () => failOnce(world, fault)));
  }
  all.push(await rounds(drained, () => drainOnce(world, root)));
  await agent.stop();
  return all;
}

function seriesIn({ what, setting, found }: Rounds): Series[] {
  if (what === drained) return [];
  const [told, times] =
    what === lossy.what
      ? ['until the member is left', found.map(({ until }) => until)]
      : ['no answer', found.map(({ outage }) => outage)];
  const measure = { name: `${what}, ${told}, ${setting.name}`, unit: 'ms', better: 'less' } as const;
  return [seriesOf(measure, { variant: 'mustredirect', networks: 1 }, times)];
}

function checksOf(rounds: Rounds): Check[] {
  const { what, setting, found } = rounds;
  const times = seriesIn(rounds).map(({ measure, samples }) => ({
    ...checkOf(
      `${measure}, 99th percentile`,
      'ms',
      samples,
      what === lossy.what ? undefined : atMost(setting.limit),
    ),
    value: quantile(samples, 0.99),
  }));
  const lost = found.reduce((sum, one) => sum + one.lost, 0);
  const leaked = found.reduce((sum, one) => sum + one.leaked, 0);
  return [
    ...times,
    ...(what === drained ? [countOf(`${what}, answers lost, ${setting.name}`, lost)] : []),
    countOf(`${what}, packets elsewhere, ${setting.name}`, leaked),
  ];
}

/** @param count of all rounds together */
function countOf(what: string, count: number): Check {
  return { what, unit: '', value: count, spread: [count, count], target: atMost(0) };
}

async function begin(world: RoutingWorld, root: string, keys: string): Promise<Running> {
  const { node1, gw1 } = world.hosts;
  const check = `    check: { targets: [${to}], ${keys} }\n    failback: 1s\n`;
  await writeFile(world, '{ protocol: static }', check);
  for (const host of [gw1, world.gw2, node1]) {
    await host.run([programOf(root), 'apply', '--yes'], { timeout: 60_000 });
  }
  return node1.background.start(endingWithStdin([programOf(root), 'agent']));
}

async function failOnce(
  world: RoutingWorld,
  { place, cut, mend }: (typeof faults)[number] | typeof lossy,
): Promise<Left> {
  const host = world.hosts[place];
  const found = await leaveFirst(world, () => host.run(['sh', '-ec', cut]));
  await host.run(['sh', '-ec', mend]);
  return found;
}

async function drainOnce(world: RoutingWorld, root: string): Promise<Left> {
  const { node1 } = world.hosts;
  const found = await leaveFirst(world, () => node1.run([programOf(root), 'drain', 'gw1']));
  await node1.run([programOf(root), 'undrain', 'gw1']);
  return found;
}

async function leaveFirst(world: RoutingWorld, cut: () => Promise<unknown>): Promise<Left> {
  await waitFor('gw1', () => usesFirst(world), longReturn);
  await waitFor('answers', () => answers(world), longReturn);
  const watching = await world.hosts.node1.background.start(['ip', 'monitor', 'route']);
  // The monitor does not tell when it listens.
  await sleep(300);
  let until = 0;
  const found = await measureOutage(world, cut, async (cutAt) => {
    const leaves = (): boolean => watching.output().stdout.includes(`default via ${second[4].lan} `);
    if (!(await waitUntil(leaves, patience))) throw new Error('gw1 was not left');
    until = Date.now() - cutAt;
    // The answers by the other member have come then.
    await sleep(500);
  });
  await watching.stop();
  if (found.beganUnreachable) throw new Error('no answer came before the cut');
  return { ...found, until };
}

async function usesFirst({ hosts: { node1 } }: RoutingWorld): Promise<boolean> {
  const route = await node1.run(['ip', 'route', 'show', 'table', '2184']);
  return route.includes(`default via ${addressesOf(4).gw1} `);
}
