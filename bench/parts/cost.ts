/** What a packet pays for: each piece that a datapath can be made of, against a lab that has none of it. */
import { checkOf, find } from '../checks.ts';
import { compare } from '../compare.ts';
import { withLabs } from '../lab/labs.ts';
import { type Piece, pieces } from '../lab/pieces.ts';
import { pings } from '../measures/measures.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import type { Part } from './part.ts';

const networks = 1;

export const cost: Part = {
  name: 'cost',
  title: 'What a packet pays for',
  async run(context) {
    const { effort, progress } = context;
    const tried = pieces.slice(0, effort.pieces);
    const plain = {
      variant: 'plain' as const,
      networks: { count: networks, others: 'other nodes' as const },
    };
    const wanted = [plain, ...tried.map((piece) => ({ ...plain, ...piece, label: piece.name }))];
    const series = await withLabs(context, wanted, (labs) =>
      compare(labs, [pings(effort.pings)], effort.scaleRounds, progress),
    );
    return { series, checks: tried.map((piece) => costOf(piece, series)) };
  },
  plots: ({ checks }) => [
    barPlot({
      name: 'cost',
      title: 'Nanoseconds per packet, of what takes less than 1,000',
      bars: checks
        .filter(({ value }) => value < 1000)
        .map(({ what, value, spread }) => ({
          label: what,
          value,
          spread,
          variant: 'mustredirect',
        })),
    }),
  ],
};

/** A ping comes by the gateway twice, and by every one of the pieces. */
function costOf({ name, times }: Piece, series: readonly Series[]): Check {
  const [of, plain] = [name, 'plain'].map((variant) =>
    find(series, { measure: 'round trip', variant, networks }),
  );
  if (!of || !plain) throw new RangeError('both were asked for');
  const nanoseconds = of.samples.map(
    (sample, round) => ((sample - (plain.samples[round] ?? sample)) * 1000) / 2 / times,
  );
  return checkOf(name, 'ns', nanoseconds);
}
