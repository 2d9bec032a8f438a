/** Many networks: what a packet costs when there are more of them, on the gateway and on the node. */
import { atLeast, find, speedCheck } from '../checks.ts';
import { type Measure, compare } from '../compare.ts';
import type { BenchLab } from '../lab/bench-lab.ts';
import { type DesiredObject, withLabs } from '../lab/labs.ts';
import type { Networks } from '../lab/networks.ts';
import type { Effort } from '../effort.ts';
import { ofBystander, ofHost, pings, smallPackets, tcp } from '../measures/measures.ts';
import { sharePlot } from '../plot/shares.ts';
import type { Check, Series } from '../result.ts';
import type { Part } from './part.ts';

export const gatewayScale: Part = scalePart({
  name: 'gateway',
  title: 'Many networks on the gateway',
  others: 'other nodes',
  sizes: (effort) => effort.gatewaySizes,
  measures: ({ tcp: amount, seconds, scalePings }) => [
    tcp(amount, 1),
    smallPackets(seconds),
    pings(scalePings),
  ],
});

export const nodeScale: Part = scalePart({
  name: 'node',
  title: 'Many networks on the node',
  others: 'node1',
  sizes: (effort) => effort.nodeSizes,
  measures: ({ tcp: amount, seconds, scalePings }) => [
    tcp(amount, 1),
    ...[undefined, ofHost, ofBystander].flatMap((of) => [smallPackets(seconds, of), pings(scalePings, of)]),
  ],
});

interface Scale extends Pick<Part, 'name' | 'title'> {
  readonly others: Networks['others'];
  sizes(effort: Effort): readonly number[];
  measures(effort: Effort): readonly Measure<BenchLab>[];
}

function scalePart(scale: Scale): Part {
  const { name, title, others } = scale;
  return {
    name,
    title,
    async run(context) {
      const { effort, progress } = context;
      const wanted: DesiredObject[] = [
        { variant: 'plain', networks: { count: 1, others } },
        ...scale.sizes(effort).flatMap((count) =>
          (['by hand', 'mustredirect'] as const).map((variant) => ({
            variant,
            networks: { count, others },
          })),
        ),
      ];
      const withBystander = wanted.map((one) => ({ ...one, bystander: others === 'node1' }));
      const series = await withLabs(context, withBystander, (labs) =>
        compare(labs, scale.measures(effort), effort.scaleRounds, progress),
      );
      return { series, checks: checksOf(series, scale.sizes(effort)) };
    },
    plots: ({ series }) => [sharePlot(name, title, series)],
  };
}

/** The largest against one: of the program, which has to be flat, and by hand for comparison. */
function checksOf(series: readonly Series[], sizes: readonly number[]): Check[] {
  const most = Math.max(...sizes);
  const measures = [...new Set(series.map(({ measure }) => measure))];
  return measures.flatMap((measure) =>
    (['mustredirect', 'by hand'] as const).map((variant) => {
      const [one, many] = [1, most].map((networks) => find(series, { measure, variant, networks }));
      if (!one || !many) throw new RangeError('two sizes were asked for');
      const what = `${measure}: ${variant}, ${most.toLocaleString('en')} / 1`;
      return speedCheck(what, many, one, variant === 'mustredirect' ? atLeast(0.97) : undefined);
    }),
  );
}
