/** How long the program takes to start, against Node that does nothing. */
import { atMost, find, shareCheck } from '../checks.ts';
import { type Subject, compare } from '../compare.ts';
import { type Gateway, timed, withGateway } from '../lab/gateway-host.ts';
import { fileFor } from '../lab/networks.ts';
import { applyOn, programOf } from '../lab/program.ts';
import { barPlot } from '../plot/bars.ts';
import type { Part } from './part.ts';

const networks = 1;
const node = 'node -e 0';

/** What else runs on a machine makes a start slower, never faster: the best of so many counts. */
const tries = 3;

/** How many times Node that does nothing each may take. */
const limits: Readonly<Record<string, number>> = { '--help': 2, '--version': 2, status: 4 };

export const start: Part = {
  name: 'start',
  title: 'Starting',
  async run(context) {
    const commands: [string, readonly string[]][] = [
      [node, [context.node, '-e', '0']],
      ...Object.keys(limits).map((word): [string, string[]] => [word, [programOf(context.root), word]]),
    ];
    const subjects: Subject<readonly string[]>[] = commands.map(([variant, at]) => ({
      variant,
      networks,
      at,
    }));
    const series = await withGateway(context, 'start', async (host: Gateway) => {
      await applyOn(host, fileFor({ count: networks, others: 'other nodes' }), context.root);
      const take = async (argv: readonly string[]) => {
        const times: number[] = [];
        for (let count = 0; count < tries; count++) times.push((await timed(host, argv)).seconds * 1000);
        return Math.min(...times);
      };
      const whole = { name: 'whole process', unit: 'ms', better: 'less', take } as const;
      return compare(subjects, [whole], context.effort.startRounds, context.progress);
    });
    const of = (variant: string) => find(series, { measure: 'whole process', variant, networks });
    const checks = Object.entries(limits).map(([word, limit]) =>
      shareCheck(`${word} / ${node}`, of(word), of(node), atMost(limit)),
    );
    return { series, checks };
  },
  plots: ({ checks }) => [
    barPlot({
      name: 'start',
      title: 'Time to start, as a multiple of Node that does nothing',
      reference: 1,
      bars: checks.map(({ what, value, spread }) => ({
        label: what,
        value,
        spread,
        variant: 'mustredirect',
      })),
    }),
  ],
};
