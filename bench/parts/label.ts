/** Networks that join by their label: how long until a new one is redirected. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabEngine } from '../../src/lab/engine.ts';
import { addresses } from '../../src/lab/layout.ts';
import { createWorld, type World } from '../../src/lab/world.ts';
import { atMost, checkOf } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import { applyOn } from '../lab/program.ts';
import { rest, startAgent, until } from '../lab/held-host.ts';
import { barPlot } from '../plot/bars.ts';
import type { Series } from '../result.ts';
import { quantile } from '../statistics.ts';
import type { Context, Part } from './part.ts';

const engines: readonly LabEngine[] = ['podman-netavark', 'docker'];
const subnet = '10.89.4.0/24';

const file = `version: 1
hosts: { node1: ${addresses.node1}, gw1: ${addresses.gw1} }
networks: {}
gateways:
  office: { members: [{ host: gw1, uplink: { device: uplink0, via: ${addresses.upstream} } }] }
discover: { pools: { node1: 10.89.0.0/16 }, unlabelled: block }
`;

export const label: Part = {
  name: 'label',
  title: 'Networks that join by their label',
  run: async (context) => {
    const series: Series[] = [];
    for (const engine of engines) series.push(...(await onNode(context, engine)));
    return {
      series,
      checks: series.map(({ measure, samples }) => ({
        ...checkOf(`${measure}, 99th percentile`, 'ms', samples, atMost(1000)),
        value: quantile(samples, 0.99),
      })),
    };
  },
  plots: ({ series }) => [
    barPlot({
      name: 'label',
      title: 'Milliseconds until a network with a label is redirected',
      bars: series.map(({ measure, samples, variant }) => ({
        label: measure,
        value: quantile(samples, 0.5),
        spread: [quantile(samples, 0.25), quantile(samples, 0.75)] as const,
        variant,
      })),
    }),
  ],
};

async function onNode({ name, node, root, effort, progress }: Context, engine: LabEngine): Promise<Series[]> {
  const world = await createWorld({ name: `${name}-${engine}`, node, engine });
  try {
    const { node1 } = world.hosts;
    await applyOn(node1, file, root);
    const running = await startAgent(node1, root);
    const samples: Sample[] = [];
    for (let round = 0; round < effort.agentRounds; round += 1) {
      progress(`round ${round + 1} of ${effort.agentRounds}: ${engine}`);
      samples.push(await timeToRedirect(node1, programFor(engine)));
      await sleep(rest);
    }
    await running.stop();
    const of = { variant: 'mustredirect', networks: 1 } as const;
    const measure = (from: string) =>
      ({
        name: `${engine}: from the ${from} of \`network create --label\``,
        unit: 'ms',
        better: 'less',
      }) as const;
    return [
      seriesOf(
        measure('begin'),
        of,
        samples.map(({ begin }) => begin),
      ),
      seriesOf(
        measure('end'),
        of,
        samples.map(({ end }) => end),
      ),
    ];
  } finally {
    await world.down();
  }
}

function programFor(engine: LabEngine): string {
  return engine === 'docker' ? 'docker' : 'podman';
}

/** milliseconds until the rule that steers the network, which is the last object to come */
interface Sample {
  /** since the command of the engine was started */
  readonly begin: number;
  /** since it has ended; 0 when the network was redirected before */
  readonly end: number;
}

async function timeToRedirect(host: World['hosts']['node1'], program: string): Promise<Sample> {
  const watching = await host.background.start(['ip', '-oneline', 'monitor', 'rule']);
  const steers = new RegExp(`^(?!Deleted).*from ${subnet} .*lookup \\d+`, 'm');
  const gone = new RegExp(`^Deleted .*from ${subnet} .*lookup \\d+`, 'm');
  try {
    // The monitor does not tell when it listens.
    await sleep(300);
    const begin = performance.now();
    let ended: number | undefined;
    const create = [
      program,
      'network',
      'create',
      '--label',
      'mustredirect.via=office',
      '--subnet',
      subnet,
      'app',
    ];
    const creating = host.run(create).then(() => (ended = performance.now()));
    await until(() => steers.test(watching.output().stdout));
    const redirected = performance.now();
    await creating;
    await sleep(rest);
    await host.run([program, 'network', 'rm', 'app']);
    await until(() => gone.test(watching.output().stdout));
    return { begin: redirected - begin, end: Math.max(0, redirected - (ended ?? redirected)) };
  } finally {
    await watching.stop();
  }
}
