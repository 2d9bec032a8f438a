/** One fleet, in a process of its own: its peak of memory is then that of this fleet. */
import type { Exec } from '../../src/host/ports.ts';
import { runOrFail } from '../../src/host/process/exec.ts';
import * as z from 'zod';
import { type Phase, computeFleet, phases } from './compute.ts';
import { type FleetSize, fleetFile } from './fleet-file.ts';

const phaseSeconds = z.object(
  Object.fromEntries(phases.map((phase) => [phase, z.number().nonnegative()])) as Record<Phase, z.ZodNumber>,
);

export const sampleSchema = z.object({
  nodes: z.int().positive(),
  gateways: z.int().positive(),
  /** from the file's text to the last plan */
  seconds: z.number().positive(),
  phases: phaseSeconds,
  /** peak of the whole process */
  mebibytes: z.number().positive(),
  /** objects that the hosts should have, and steps of their plans, altogether */
  objects: z.int().positive(),
  steps: z.int().positive(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** milliseconds */
const timeout = 600_000;

/** Starts a process that answers with `measureFleet`, as JSON. */
export async function measureApart(
  exec: Exec,
  argv: readonly string[],
  { nodes, gateways }: FleetSize,
): Promise<Sample> {
  const said = await runOrFail(exec, [...argv, `${nodes}`, `${gateways}`], { timeout });
  return sampleSchema.parse(JSON.parse(said));
}

/** @param peak of the memory of this process so far, in KiB */
export function measureFleet(size: FleetSize, peak: () => number): Sample {
  const text = fleetFile(size);
  let [objects, steps] = [0, 0];
  const found = computeFleet(text, (host) => {
    objects += host.objects.length;
    steps += host.plan.steps.length;
  });
  const seconds = Object.values(found).reduce((sum, one) => sum + one, 0);
  return { ...size, seconds, phases: found, mebibytes: peak() / 1024, objects, steps };
}
