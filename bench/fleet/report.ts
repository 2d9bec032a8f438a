/** What a run of the fleet leaves behind: its figures, and its section of docs/performance.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { withSection } from '../page.ts';
import { resultSchema } from '../result.ts';
import { median } from '../statistics.ts';
import { phases } from './compute.ts';
import { type Sample, sampleSchema } from './measure.ts';

export const fleetResultSchema = resultSchema.pick({ run: true, machine: true, versions: true }).extend({
  part: z.literal('fleet'),
  /** seconds that the largest one may take */
  limit: z.number(),
  /** the fleet of the target: 10,000 nodes and 100 gateways */
  whole: z.array(sampleSchema).nonempty(),
  largest: z.array(sampleSchema).nonempty(),
});
export type FleetResult = z.infer<typeof fleetResultSchema>;

/** @param into the project's folder */
export async function writeFleet(into: string, result: FleetResult): Promise<void> {
  const results = join(into, 'bench', 'results');
  await mkdir(results, { recursive: true });
  await writeFile(
    join(results, 'fleet.json'),
    `${JSON.stringify(fleetResultSchema.parse(result), null, 1)}\n`,
  );
  const page = join(into, 'docs', 'performance.md');
  const before = await readFile(page, 'utf8').catch(() => '# Performance\n');
  await writeFile(page, withSection(before, 'fleet', fleetSection(result)));
}

function fleetSection({ whole, largest, limit, run, machine, versions }: FleetResult): string {
  const head = [
    'nodes',
    'gateways',
    ...phases.map((phase) => `${phase} (s)`),
    'together (s)',
    'memory (MiB)',
    'objects',
  ];
  const rows = [whole, largest].map(rowOf);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const nodes = largest[0]?.nodes ?? 0;
  return `## A fleet, computed

The states and plans of all hosts of one file, without a kernel: each node has one network, each gateway has the networks of
100 nodes, every host is empty, and none of the subnets can be merged. A real host computes its own part only. The largest file
whose hosts are computed in less than ${limit} s together has **${count(nodes)} nodes**.

${table}

Medians of ${whole.length} runs, each a process of its own; memory is the peak of that process. Measured at
${run.date.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores of ${machine.processor}, ${machine.memory}: mustredirect ${versions.project} (${versions.commit}),
Node.js ${versions.node}, by \`npm run bench:fleet\`. Every sample: [fleet.json](../bench/results/fleet.json).`;
}

function rowOf(samples: readonly Sample[]): string[] {
  const of = (value: (sample: Sample) => number): number => median(samples.map(value));
  return [
    count(of(({ nodes }) => nodes)),
    count(of(({ gateways }) => gateways)),
    ...phases.map((phase) => of((sample) => sample.phases[phase]).toFixed(2)),
    of(({ seconds }) => seconds).toFixed(2),
    count(Math.round(of(({ mebibytes }) => mebibytes))),
    count(of(({ objects }) => objects)),
  ];
}

function count(number: number): string {
  return number.toLocaleString('en');
}
