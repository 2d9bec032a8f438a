/** One network: what a packet, a byte and a connection cost. */
import { atLeast, find, speedCheck } from '../checks.ts';
import { compare } from '../compare.ts';
import { type DesiredObject, withLabs } from '../lab/labs.ts';
import { variants } from '../lab/variants.ts';
import { connections, pings, smallPackets, tcp } from '../measures/measures.ts';
import { barPlot } from '../plot/bars.ts';
import type { Check, Series } from '../result.ts';
import type { Part } from './part.ts';

/** The same once more, in another lab: a difference that this has too is no difference. */
const again = 'plain again';

export const oneNetwork: Part = {
  name: 'one-network',
  title: 'One network',
  async run(context) {
    const { effort, progress } = context;
    const networks = { count: 1, others: 'other nodes' as const };
    const wanted: DesiredObject[] = [
      ...variants.map((variant) => ({ variant, networks })),
      { variant: 'plain', networks, label: again },
    ];
    const measures = [
      tcp(effort.tcp, 1),
      tcp(effort.tcp, 8),
      tcp(effort.tcp, 1, true),
      smallPackets(effort.seconds),
      pings(effort.pings),
      connections(),
    ];
    const series = await withLabs(context, wanted, (labs) =>
      compare(labs, measures, effort.rounds, progress),
    );
    return { series, checks: checksOf(series) };
  },
  plots: ({ checks }) => [
    barPlot({
      name: 'one-network',
      title: 'Speed with one network, as a share of plain',
      reference: 1,
      bars: checks.map(({ what, value, spread }) => ({
        label: what,
        value,
        spread,
        variant: /: (.+) \/ /.exec(what)?.[1] ?? '',
      })),
    }),
  ],
};

function checksOf(series: readonly Series[]): Check[] {
  const measures = [...new Set(series.map(({ measure }) => measure))];
  return measures.flatMap((measure) =>
    (['mustredirect', 'by hand', again] as const).map((variant) => {
      const of = find(series, { measure, variant, networks: 1 });
      const plain = find(series, { measure, variant: 'plain', networks: 1 });
      const target = atLeast(measure.startsWith('TCP') ? 0.97 : 0.95);
      const what = `${measure}: ${variant} / plain`;
      return variant === 'mustredirect' ? speedCheck(what, of, plain, target) : speedCheck(what, of, plain);
    }),
  );
}
