/** The agent on hosts: how long until what somebody has removed is back, and what it costs while nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabEngine } from '../../src/lab/engine.ts';
import { network } from '../../src/lab/layout.ts';
import { createWorld } from '../../src/lab/world.ts';
import { atMost, checkOf } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import type { Gateway } from '../lab/gateway-host.ts';
import { withGateway } from '../lab/gateway-host.ts';
import { type Drift, ofGateway, ofNode } from '../lab/drifts.ts';
import { fileFor } from '../lab/networks.ts';
import { rest, startAgent, until } from '../lab/running-agent.ts';
import { applyOn } from '../lab/program.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import { quantile } from '../statistics.ts';
import type { Context, Part } from './part.ts';

export const agent: Part = {
  name: 'agent',
  title: 'The agent',
  run: async (context) => {
    const series = [...(await onGateway(context))];
    for (const { engine, drift } of ofNode) series.push(await onNode(context, engine, drift));
    return { series, checks: checksOf(series) };
  },
  plots: ({ series }) => [
    barPlot({
      name: 'agent',
      title: 'Milliseconds until what was removed is back',
      bars: series
        .filter(({ unit }) => unit === 'ms')
        .map(({ measure, samples, variant }) => ({
          label: measure,
          value: quantile(samples, 0.5),
          spread: [quantile(samples, 0.25), quantile(samples, 0.75)] as const,
          variant,
        })),
    }),
  ],
};

function onGateway(context: Context): Promise<readonly Series[]> {
  return withGateway(context, 'agent', async (host) => {
    const { agentNetworks: networks, idleSeconds } = context.effort;
    await applyOn(host, fileFor({ count: networks, others: 'other nodes' }), context.root);
    const running = await startAgent(host, context.root);
    const series: Series[] = [];
    for (const drift of ofGateway) series.push(await repairs(context, host, drift));
    context.progress(`${idleSeconds} s of rest`);
    const { share, memory } = await idle(host, idleSeconds);
    const of = { variant: 'mustredirect', networks } as const;
    series.push(
      seriesOf({ name: 'processor at rest', unit: '% of a core', better: 'less' }, of, [share]),
      seriesOf({ name: 'memory', unit: 'MB', better: 'less' }, of, [memory]),
    );
    await running.stop();
    return series;
  });
}

async function onNode(context: Context, engine: LabEngine, drift: Drift): Promise<Series> {
  const world = await createWorld({ name: `${context.name}-${engine}`, node: context.node, engine });
  try {
    const { node1 } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet);
    const text = fileFor({ count: context.effort.agentNetworks, others: 'node1' });
    const own = `  ${network.name}:\n    engine: `;
    await applyOn(node1, text.replace(`${own}external`, `${own}${engine.replace(/-.*/, '')}`), context.root);
    const running = await startAgent(node1, context.root);
    const series = await repairs(context, node1, drift);
    await running.stop();
    return series;
  } finally {
    await world.down();
  }
}

async function repairs({ effort, progress }: Context, host: Gateway, drift: Drift): Promise<Series> {
  const { agentRounds: rounds, agentNetworks: networks } = effort;
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}: ${drift.what}`);
    samples.push(await timeToRepair(host, drift));
    await sleep(rest);
  }
  const measure = { name: `${drift.what}, until it is back`, unit: 'ms', better: 'less' } as const;
  return seriesOf(measure, { variant: 'mustredirect', networks }, samples);
}

/** From the event of the removal to the event that ends the repair, as the kernel tells them. */
async function timeToRepair(host: Gateway, { remove, monitor, gone, back }: Drift): Promise<number> {
  const watching = await host.background.start([...monitor]);
  try {
    // The monitor does not tell when it listens.
    await sleep(300);
    const removing = host.run(['sh', '-c', remove]);
    await until(() => gone.test(watching.output().stdout));
    const begin = performance.now();
    await until(() => back.test(watching.output().stdout));
    const taken = performance.now() - begin;
    await removing;
    return taken;
  } finally {
    await watching.stop();
  }
}

/** Share of a core in percent, programs that it has started included, and resident memory in MB. */
async function idle(host: Gateway, seconds: number) {
  const pid = (await host.run(['pgrep', '-o', '-f', 'start.js agent'])).trim();
  const ticks = async (): Promise<number> => {
    const stat = await host.run(['cat', `/proc/${pid}/stat`]);
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    // utime, stime, cutime, cstime
    return fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
  };
  const before = await ticks();
  await sleep(seconds * 1000);
  const used = (await ticks()) - before;
  const status = await host.run(['cat', `/proc/${pid}/status`]);
  const memory = (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
  const ticksPerSecond = 100;
  // A tick is the least that can be told.
  return { share: (Math.max(used, 1) / ticksPerSecond / seconds) * 100, memory };
}

function checksOf(series: readonly Series[]): Check[] {
  return series.map(({ measure, unit, samples }) => {
    if (unit !== 'ms') return checkOf(measure, unit, samples, atMost(unit === 'MB' ? 90 : 0.5));
    return {
      ...checkOf(`${measure}, 99th percentile`, unit, samples, atMost(100)),
      value: quantile(samples, 0.99),
    };
  });
}
