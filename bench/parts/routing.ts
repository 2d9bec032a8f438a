/** Many nodes that announce their subnets by BGP to one member: how long until they are known, and what it takes. */
import { filePath } from '../../src/lab/example-file.ts';
import { type World, createWorld } from '../../src/lab/world.ts';
import { checkOf } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import { timed } from '../lab/gateway-host.ts';
import { programOf } from '../lab/program.ts';
import { prepareRouting, routedFile, startNodes } from '../lab/routing-nodes.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import { quantile } from '../statistics.ts';
import type { Context, Part } from './part.ts';

const figures = {
  'apply on the member': 's',
  'apply that finds nothing to do': 's',
  'status of the member': 's',
  'nodes start, until the member has all subnets': 's',
  'nodes start, until the kernel of the upstream router has all routes': 's',
  'BIRD of the member is killed, until the kernel of the upstream router has all routes again': 's',
  'memory of BIRD on the member': 'MB',
  'memory of apply': 'MB',
  'memory of status': 'MB',
} as const;
type Figures = Readonly<Record<keyof typeof figures, number>>;

/** milliseconds: longer than any of it */
const patience = 300_000;

export const routing: Part = {
  name: 'routing',
  title: 'Nodes that announce their subnets by BGP',
  async run(context) {
    const { routingNodes: nodes, routingRounds: rounds } = context.effort;
    const found: Figures[] = [];
    const world = await createWorld({
      name: `${context.name}-routing`,
      node: context.node,
      engine: 'external',
    });
    try {
      await prepareRouting(world, nodes);
      for (let round = 0; round < rounds; round += 1) {
        context.progress(`round ${round + 1} of ${rounds}: ${nodes.toLocaleString('en')} nodes`);
        found.push(await measureRound(world, nodes, context));
      }
    } finally {
      await world.down();
    }
    const series = Object.entries(figures).map(([name, unit]) =>
      seriesOf(
        { name, unit, better: 'less' },
        { variant: 'mustredirect', networks: nodes },
        found.map((one) => one[name as keyof Figures]),
      ),
    );
    return { series, checks: checksOf(series, nodes) };
  },
  plots: ({ series }) => [
    barPlot({
      name: 'routing',
      title: 'Seconds, of a member with many nodes',
      bars: series
        .filter(({ unit }) => unit === 's')
        .map(({ measure, samples, variant }) => ({
          label: measure,
          value: quantile(samples, 0.5),
          spread: [quantile(samples, 0.25), quantile(samples, 0.75)] as const,
          variant,
        })),
    }),
  ],
};

/** From nothing to nothing. */
async function measureRound(world: World, nodes: number, context: Context): Promise<Figures> {
  const { gw1 } = world.hosts;
  const program = programOf(context.root);
  const measured = (...args: readonly string[]) => timed(gw1, ['time', '-f', 'peak %M', program, ...args]);
  await gw1.files.replace(filePath, routedFile(nodes));
  const apply = await measured('apply', '--yes');
  const begin = performance.now();
  const running = await startNodes(world, context, nodes);
  const [member, upstream] = await Promise.all([
    untilMember(world, nodes).then(() => secondsSince(begin)),
    untilUpstream(world, nodes).then(() => secondsSince(begin)),
  ]);
  const status = await measured('status');
  const nothing = await measured('plan', '--check');
  const memory = await gw1.run(['sh', '-c', `grep VmRSS /proc/$(cat ${ownBird}/bird.pid)/status`]);
  const restarted = await timeToRestart(world, nodes);
  await running.stop();
  await measured('destroy', '--yes');
  return {
    'apply on the member': apply.seconds,
    'apply that finds nothing to do': nothing.seconds,
    'status of the member': status.seconds,
    'nodes start, until the member has all subnets': member,
    'nodes start, until the kernel of the upstream router has all routes': upstream,
    'BIRD of the member is killed, until the kernel of the upstream router has all routes again': restarted,
    'memory of BIRD on the member': (Number(/VmRSS:\s+(\d+)/.exec(memory)?.[1]) * 1024) / 1e6,
    'memory of apply': peakOf(apply.stderr),
    'memory of status': peakOf(status.stderr),
  };
}

const ownBird = '/run/mustredirect/host.bird';

/** The upstream router has forgotten the routes before they come again. */
async function timeToRestart(world: World, nodes: number): Promise<number> {
  const { gw1, upstream } = world.hosts;
  const begin = performance.now();
  await gw1.run(['sh', '-c', `kill -KILL $(cat ${ownBird}/bird.pid)`]);
  await upstream.run(until(`[ $(${upstreamRoutes}) -lt ${nodes} ]`), { timeout: patience });
  await untilUpstream(world, nodes);
  return secondsSince(begin);
}

const upstreamRoutes = 'ip -4 route show proto bird | wc -l';

async function untilUpstream({ hosts: { upstream } }: World, nodes: number): Promise<void> {
  await upstream.run(until(`[ $(${upstreamRoutes}) -eq ${nodes} ]`), { timeout: patience });
}

/** Routes of the table: the subnets, and the default. */
async function untilMember({ hosts: { gw1 } }: World, nodes: number): Promise<void> {
  const count = `birdc -s ${ownBird}/bird.ctl show route table member_office4 count | grep -q '^${nodes + 1} of ${nodes + 1} '`;
  await gw1.run(until(count), { timeout: patience });
}

function until(condition: string): string[] {
  return ['sh', '-c', `until ${condition}; do sleep 0.05; done`];
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000;
}

/** Megabytes, of what `time` prints. */
function peakOf(stderr: string): number {
  return (Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024) / 1e6;
}

function checksOf(series: readonly Series[], nodes: number): Check[] {
  return series.map(({ measure, unit, samples }) =>
    checkOf(`${measure}, ${nodes.toLocaleString('en')} nodes`, unit, samples),
  );
}
