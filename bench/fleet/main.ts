/**
 * npm run bench:fleet: computes the states of 10,000 nodes and 100 gateways, and finds the largest file that takes less than
 * 5 s. Results go to bench/results/fleet.json and docs/performance.md.
 */
import { createExec } from '../../src/host/process/exec.ts';
import { createFiles } from '../../src/host/files/files.ts';
import { machineOf, versionsOf } from '../machine.ts';
import type { FleetSize } from './fleet-file.ts';
import { findLargest, sizeOf } from './largest.ts';
import { type Sample, measureApart, measureFleet } from './measure.ts';
import { writeFleet } from './report.ts';

/** nodes */
const target = 10_000;
/** seconds */
const limit = 5;
const runs = 3;

/** @param args none; or numbers of nodes and gateways, to answer with one sample */
export async function main(root: string, args: readonly string[]): Promise<void> {
  const [nodes, gateways] = args.map(Number);
  if (nodes === undefined || gateways === undefined) return measureAll(root);
  console.log(JSON.stringify(measureFleet({ nodes, gateways }, () => process.resourceUsage().maxRSS)));
}

async function measureAll(root: string): Promise<void> {
  const begin = new Date();
  const host = { exec: createExec(), files: createFiles() };
  const script = `import(process.argv[1]).then(({ main }) => main('', process.argv.slice(2)))`;
  const argv = [process.execPath, '-e', script, import.meta.url];
  const measure = async (size: FleetSize): Promise<Sample> => {
    const sample = await measureApart(host.exec, argv, size);
    console.error(`${size.nodes} nodes, ${size.gateways} gateways: ${sample.seconds.toFixed(2)} s`);
    return sample;
  };
  const first = await measure(sizeOf(target));
  const whole: [Sample, ...Sample[]] = [first];
  while (whole.length < runs) whole.push(await measure(sizeOf(target)));
  const [one, ...more] = await findLargest(measure, limit, 1000);
  if (!one) throw new Error('nothing was measured');
  await writeFleet(root, {
    part: 'fleet',
    run: { date: begin.toISOString(), seconds: (Date.now() - begin.getTime()) / 1000, quick: false },
    machine: machineOf(),
    versions: await versionsOf(host, root, process.versions.node),
    limit,
    whole,
    largest: [one, ...more],
  });
}
