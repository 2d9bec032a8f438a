/** Where the map of marks becomes quicker than rules by source: both kinds of steering, for the same networks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrFail } from '../../src/host/process/exec.ts';
import { thisMachine } from '../../src/lab/world.ts';
import { find, speedCheck } from '../checks.ts';
import { compare } from '../compare.ts';
import { withLabs } from '../lab/labs.ts';
import { pings, smallPackets } from '../measures/measures.ts';
import { sharePlot } from '../plot/shares.ts';
import type { Check, Measured, Series } from '../result.ts';
import type { Context, Part } from './part.ts';

/** How many subnets each kind leaves to rules. */
const kinds = { rules: 1_000_000, map: 0 };

export const steering: Part = {
  name: 'steering',
  title: 'Rules by source, or the map',
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'mustredirect-steering-'));
    try {
      return await measure(context, folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  plots: ({ series }) => [sharePlot('steering', 'Rules by source, or the map', series)],
};

async function measure(context: Context, folder: string): Promise<Measured> {
  const { effort, root, node, progress } = context;
  const programs = Object.entries(kinds).map(([label, most]) => ({ label, most, root: join(folder, label) }));
  for (const program of programs) {
    const script = join(root, 'scripts', 'build-steering.js');
    await runOrFail(thisMachine().exec, [node, script, `${program.most}`, program.root]);
  }
  const networks = (count: number) => ({ count, others: 'node1' as const });
  const wanted = [
    { variant: 'plain' as const, networks: networks(1) },
    ...effort.steeringSizes.flatMap((count) =>
      programs.map((program) => ({
        variant: 'mustredirect' as const,
        networks: networks(count),
        label: program.label,
        root: program.root,
      })),
    ),
  ];
  const measures = [smallPackets(effort.seconds), pings(effort.scalePings)];
  const series = await withLabs(context, wanted, (labs) =>
    compare(labs, measures, effort.scaleRounds, progress),
  );
  return { series, checks: checksOf(series, effort.steeringSizes) };
}

function checksOf(series: readonly Series[], sizes: readonly number[]): Check[] {
  const measures = [...new Set(series.map((one) => one.measure))];
  return measures.flatMap((name) =>
    sizes.map((networks) => {
      const [map, rules] = (['map', 'rules'] as const).map((variant) =>
        find(series, { measure: name, variant, networks }),
      );
      if (!map || !rules) throw new RangeError('both kinds were asked for');
      return speedCheck(`${name}, ${networks} networks: map / rules`, map, rules);
    }),
  );
}
