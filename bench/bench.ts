/** Runs parts one after the other: measures, writes, draws and prints each. */
import { loadavg } from 'node:os';
import type { Progress } from './compare.ts';
import { full, quick as quickEffort } from './effort.ts';
import { machineOf, versionsOf } from './machine.ts';
import { draw, readResult, writeResult } from './output.ts';
import { agent } from './parts/agent.ts';
import { agentLarge } from './parts/agent-large.ts';
import { label } from './parts/label.ts';
import { apply } from './parts/apply.ts';
import { cost } from './parts/cost.ts';
import { failover } from './parts/failover.ts';
import { oneNetwork } from './parts/one-network.ts';
import type { Part } from './parts/part.ts';
import { routing } from './parts/routing.ts';
import { gatewayScale, nodeScale } from './parts/scale.ts';
import { start } from './parts/start.ts';
import { steering } from './parts/steering.ts';
import type { Result } from './result.ts';
import { checkTable, valueTable } from './table.ts';
import { thisMachine } from '../src/lab/world.ts';

export const parts: readonly Part[] = [
  oneNetwork,
  gatewayScale,
  nodeScale,
  steering,
  cost,
  apply,
  start,
  agent,
  agentLarge,
  failover,
  label,
  routing,
];

export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  /** the folder of the project, built */
  readonly root: string;
  /** where `bench/results` and `docs` are written */
  readonly into: string;
  readonly node: { readonly path: string; readonly version: string };
  /** begins the names of this run's labs */
  readonly name: string;
  readonly progress: Progress;
  print(text: string): void;
}

export async function runBench(options: BenchOptions): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const part of options.parts) {
    const result = await runPart(part, options);
    await writeResult(options.into, result);
    await draw(options.into, part, result);
    options.print(report(part, result));
    results.push(result);
  }
  return results;
}

/** Makes pictures and page anew from the figures that are there. */
export async function drawAgain(options: Pick<BenchOptions, 'parts' | 'into'>): Promise<void> {
  for (const part of options.parts) await draw(options.into, part, await readResult(options.into, part.name));
}

async function runPart(part: Part, options: BenchOptions): Promise<Result> {
  const begin = performance.now();
  const date = new Date().toISOString();
  const [load = 0] = loadavg();
  const versions = await versionsOf(thisMachine(), options.root, options.node.version);
  const measured = await part.run({
    effort: options.quick ? quickEffort : full,
    root: options.root,
    node: options.node.path,
    name: options.name,
    progress: (text) => options.progress(`${part.name}: ${text}`),
  });
  return {
    part: part.name,
    run: { date, seconds: (performance.now() - begin) / 1000, quick: options.quick, load },
    machine: machineOf(),
    versions,
    ...measured,
  };
}

function report({ title }: Part, { checks, series }: Result): string {
  return `\n${title}\n\n${checkTable(checks)}\n\n${valueTable(series)}\n`;
}
