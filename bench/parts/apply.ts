/** The program at work on a gateway: applying, finding nothing to do, and adding one network. */
import { filePath } from '../../src/lab/example-file.ts';
import { atLeast, atMost, checkOf, find, shareCheck } from '../checks.ts';
import { seriesOf } from '../compare.ts';
import { gatewayScript } from '../lab/by-hand.ts';
import { type Gateway, timed, undoByHand, withGateway } from '../lab/gateway-host.ts';
import { oneMore, placedNetworks, fileOf } from '../lab/networks.ts';
import { programOf } from '../lab/program.ts';
import { linePlot } from '../plot/lines.ts';
import type { Check, Series } from '../result.ts';
import type { Context, Part } from './part.ts';

/** By hand, this many and more are done once: it takes a minute, and varies little. */
const onceFrom = 10_000;

export const apply: Part = {
  name: 'apply',
  title: 'Applying',
  async run(context) {
    const series: Series[] = [];
    for (const size of context.effort.applySizes) series.push(...(await measureSize(context, size)));
    return { series, checks: checksOf(series, Math.max(...context.effort.applySizes)) };
  },
  plots: ({ series }) => [
    linePlot('apply', 'Seconds to apply a file on a gateway', [
      {
        title: 'whole process, cold',
        y: { kind: 'log' },
        lines: (['by hand', 'mustredirect'] as const).map((variant) => ({
          variant,
          points: series
            .filter((one) => one.measure === 'apply' && one.variant === variant)
            .map((one) => [one.networks, checkOf('', '', one.samples).value] as const),
        })),
      },
    ]),
  ],
};

/** What the program is asked to do, in this order. */
const jobs = [
  'validate',
  'apply',
  'apply, after reading the file',
  'nothing to do',
  'one more',
  'one more, after reading the file',
] as const;
type Times = Readonly<Record<(typeof jobs)[number] | 'memory', number>>;

const seconds = { unit: 's', better: 'less' } as const;

async function measureSize(context: Context, size: number): Promise<Series[]> {
  const { applyRounds } = context.effort;
  const [ofHands, ofProgram]: [number[], Times[]] = [[], []];
  await withGateway(context, 'program', (program) =>
    withGateway(context, 'by-hand', async (hands) => {
      for (let round = 0; round < applyRounds; round++) {
        context.progress(`round ${round + 1} of ${applyRounds}: ${size.toLocaleString('en')} networks`);
        if (round === 0 || size < onceFrom) ofHands.push(await timeByHand(hands, size));
        ofProgram.push(await timeProgram(program, size, programOf(context.root)));
      }
    }),
  );
  const of = { variant: 'mustredirect', networks: size };
  const all = (job: keyof Times) => ofProgram.map((times) => times[job]);
  return [
    seriesOf({ name: 'apply', ...seconds }, { ...of, variant: 'by hand' }, ofHands),
    ...jobs.map((job) => seriesOf({ name: job, ...seconds }, of, all(job))),
    seriesOf({ name: 'memory of apply', unit: 'MB', better: 'less' }, of, all('memory')),
  ];
}

async function timeByHand(host: Gateway, size: number): Promise<number> {
  const script = gatewayScript(placedNetworks({ count: size, others: 'other nodes' }));
  const { seconds: taken } = await timed(host, ['sh', '-e'], script);
  await undoByHand(host);
  return taken;
}

/** From nothing to nothing: what apply remembers goes too, so that each round is the first one. */
async function timeProgram(host: Gateway, size: number, program: string): Promise<Times> {
  const placed = placedNetworks({ count: size, others: 'other nodes' });
  const run = (...args: readonly string[]) => timed(host, [program, ...args]);
  await host.files.replace(filePath, fileOf(placed));
  const validate = await run('validate');
  const whole = await timed(host, ['time', '-f', 'peak %M', program, 'apply', '--yes', '-v']);
  const nothing = await run('plan', '--check');
  await host.files.replace(filePath, fileOf([...placed, oneMore(size)]));
  const more = await run('apply', '--yes', '-v');
  await run('destroy', '--yes');
  await host.run(['sh', '-c', 'rm -rf /var/lib/mustredirect/*']);
  return {
    validate: validate.seconds,
    apply: whole.seconds,
    'apply, after reading the file': workIn(whole.stderr),
    'nothing to do': nothing.seconds,
    'one more': more.seconds,
    'one more, after reading the file': workIn(more.stderr),
    memory: (Number(/peak (\d+)/.exec(whole.stderr)?.[1]) * 1024) / 1e6,
  };
}

/** Seconds of all that `-v` tells the time of, beside reading the file. */
function workIn(stderr: string): number {
  const phases = [...stderr.matchAll(/^([^$].*): (\d+\.\d+) s$/gm)];
  return phases
    .filter(([, phase]) => phase !== 'reading the file')
    .reduce((sum, [, , taken]) => sum + Number(taken), 0);
}

function checksOf(series: readonly Series[], networks: number): Check[] {
  const of = (measure: string, variant = 'mustredirect') => find(series, { measure, variant, networks });
  const whole = of('apply');
  const count = `${networks.toLocaleString('en')} networks`;
  return [
    checkOf(`apply, ${count}`, 's', whole.samples),
    checkOf(`apply by hand, ${count}`, 's', of('apply', 'by hand').samples),
    shareCheck(`apply, ${count}: by hand / mustredirect`, of('apply', 'by hand'), whole, atLeast(50)),
    shareCheck(`nothing to do, ${count}: plan / apply`, of('nothing to do'), whole, atMost(0.5)),
    shareCheck(
      `one more than ${count}, after reading the file: its work / that of apply`,
      of('one more, after reading the file'),
      of('apply, after reading the file'),
      atMost(0.1),
    ),
    checkOf(`memory of apply, ${count}`, 'MB', of('memory of apply').samples, atMost(300)),
  ];
}
