/** The agent on a gateway with ten thousand networks: what an event costs that is about one object. */
import { setTimeout as sleep } from 'node:timers/promises';
import { filePath } from '../../src/lab/example-file.ts';
import { atMost, checkOf, find, shareCheck } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import { type Drift, anElement, ofGateway } from '../lab/drifts.ts';
import { type Gateway, timed, withGateway } from '../lab/gateway-host.ts';
import { rest, shareDuring, startAgent, timeToRepair, until, usageOf } from '../lab/held-host.ts';
import { causeLinkEvents } from '../lab/link-events.ts';
import { type Placed, fileOf, oneMore, placedNetworks } from '../lab/networks.ts';
import { programOf } from '../lab/program.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import { quantile } from '../statistics.ts';
import type { Context, Part } from './part.ts';

/** milliseconds for which the agent waits for a changed file to stay the same */
const settling = 1000;

const addedMeasure = 'one network added to the file, until packets take it';
const milliseconds = { unit: 'ms', better: 'less' } as const;
const ofCore = { unit: '% of a core', better: 'less' } as const;

export const agentLarge: Part = {
  name: 'agent-large',
  title: 'The agent with many networks',
  async run(context) {
    const series = await withGateway(context, 'large', (host) => measureGateway(context, host));
    return { series, checks: checksOf(series) };
  },
  plots: ({ series }) => [
    barPlot({
      name: 'agent-large',
      title: 'Milliseconds until what was removed is back, with many networks',
      bars: series
        .filter(({ unit }) => unit === 'ms')
        .map(({ measure: label, samples, variant }) => ({
          label,
          value: quantile(samples, 0.5),
          spread: [quantile(samples, 0.25), quantile(samples, 0.75)] as const,
          variant,
        })),
    }),
  ],
};

async function measureGateway(context: Context, host: Gateway): Promise<Series[]> {
  const { largeNetworks: networks, agentRounds } = context.effort;
  const of = { variant: 'mustredirect', networks };
  const placed = placedNetworks({ count: networks, others: 'other nodes' });
  await host.files.replace(filePath, fileOf(placed));
  context.progress('full apply');
  const apply = await timed(host, [programOf(context.root), 'apply', '--yes']);
  const running = await startAgent(host, context.root);
  await sleep(rest);
  const series = [seriesOf({ name: 'apply', ...milliseconds }, of, [apply.seconds * 1000])];
  for (const drift of [...ofGateway, anElement]) {
    const samples = await repairs(context, host, drift);
    series.push(seriesOf({ name: `${drift.what}, until it is back`, ...milliseconds }, of, samples));
  }
  context.progress('networks added');
  const added = await addNetworks(host, placed, agentRounds);
  series.push(
    seriesOf({ name: addedMeasure, ...milliseconds }, of, added),
    ...(await usage(context, host, of)),
  );
  await running.stop();
  const plan = await host.exec.run([programOf(context.root), 'plan', '--check']);
  if (plan.exitCode !== 0) throw new Error(`an event was lost: ${plan.stdout}`);
  return series;
}

/** Processor time and memory of the agent, at rest and under a storm of events. */
async function usage(
  { effort: { idleSeconds, eventSeconds }, progress }: Context,
  host: Gateway,
  of: Pick<Series, 'variant' | 'networks'>,
): Promise<Series[]> {
  progress(`${idleSeconds} s of rest`);
  const atRest = await shareDuring(host, () => sleep(idleSeconds * 1000));
  const { memory, peak } = await usageOf(host);
  progress(`${eventSeconds} s of events`);
  const { events, share, repair } = await duringEvents(host, eventSeconds);
  const inMegabytes = { unit: 'MB', better: 'less' } as const;
  return [
    seriesOf({ name: 'processor at rest', ...ofCore }, of, [atRest]),
    seriesOf({ name: 'memory', ...inMegabytes }, of, [memory]),
    seriesOf({ name: 'memory, at most', ...inMegabytes }, of, [peak]),
    seriesOf({ name: 'link events', unit: '1/s', better: 'more' }, of, [events]),
    seriesOf({ name: 'processor during link events', ...ofCore }, of, [share]),
    seriesOf({ name: 'an ip rule removed during link events, until it is back', ...milliseconds }, of, [
      repair,
    ]),
  ];
}

async function repairs({ effort, progress }: Context, host: Gateway, drift: Drift): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round < effort.agentRounds; round += 1) {
    const taken = await timeToRepair(host, drift);
    progress(`round ${round + 1} of ${effort.agentRounds}: ${drift.what}: ${Math.round(taken)} ms`);
    samples.push(taken);
    await sleep(rest);
  }
  return samples;
}

/** Milliseconds from the moment at which each new file has settled. */
async function addNetworks(host: Gateway, placed: readonly Placed[], rounds: number): Promise<number[]> {
  const samples: number[] = [];
  const now = [...placed];
  for (let round = 0; round < rounds; round += 1) {
    const one = oneMore(now.length);
    now.push(one);
    samples.push(await timeToAdd(host, fileOf(now), one));
    await sleep(2 * rest);
  }
  return samples;
}

async function timeToAdd(host: Gateway, text: string, { subnet, nodeAddress }: Placed): Promise<number> {
  const watching = await host.background.start(['sh', '-c', 'ip monitor route & exec nft monitor elements']);
  const address = subnet.replace(/\/.*/, '').replaceAll('.', '\\.');
  const inNft = new RegExp(`add element inet mustredirect redirected4_24 \\{ ${address}`);
  const back = new RegExp(`^${subnet.replaceAll('.', '\\.')} via ${nodeAddress.replaceAll('.', '\\.')}`, 'm');
  try {
    await sleep(300);
    const begin = performance.now();
    await host.files.replace(filePath, text);
    await until(() => [inNft, back].every((pattern) => pattern.test(watching.output().stdout)));
    return performance.now() - begin - settling;
  } finally {
    await watching.stop();
  }
}

/** A rule that is removed in the middle comes back: no event is lost among the others. */
async function duringEvents(host: Gateway, seconds: number) {
  const [rule] = ofGateway;
  if (!rule) throw new RangeError('no drift is known');
  let events = 0;
  let repair = 0;
  const share = await shareDuring(host, async () => {
    const causing = causeLinkEvents(host, seconds);
    await sleep((seconds * 1000) / 2);
    repair = await timeToRepair(host, rule);
    events = await causing;
  });
  return { share, events, repair };
}

function checksOf(series: readonly Series[]): Check[] {
  const [first] = series;
  const of = (measure: string) =>
    find(series, { measure, variant: 'mustredirect', networks: first?.networks ?? 0 });
  const added = of(addedMeasure);
  const repaired = series.filter(({ measure, samples }) => measure.endsWith('is back') && samples.length > 1);
  return [
    ...repaired.map(({ measure, unit, samples }) => ({
      ...checkOf(`${measure}, 99th percentile`, unit, samples, atMost(500)),
      value: quantile(samples, 0.99),
    })),
    checkOf(addedMeasure, 'ms', added.samples),
    shareCheck('one network added / apply', added, of('apply'), atMost(0.1)),
    checkOf('processor at rest', '% of a core', of('processor at rest').samples, atMost(1)),
    checkOf('memory', 'MB', of('memory').samples, atMost(200)),
    checkOf('memory, at most', 'MB', of('memory, at most').samples),
    checkOf('link events', '1/s', of('link events').samples),
    checkOf('processor during link events', '% of a core', of('processor during link events').samples),
  ];
}
