/**
 * bench [--quick] [--draw] [NAME...]: measures all parts, or those that are named.
 * Results go to the project's own bench/results and docs; those of --quick, which say nothing, into a new folder.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawAgain, parts, runBench } from './bench.ts';

/** @param root the folder of the project, built */
export async function main(root: string, args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, draw: { type: 'boolean' } },
    allowPositionals: true,
  });
  const wanted = chooseParts(positionals);
  if (values.draw) return drawAgain({ parts: wanted, into: root });
  const quick = values.quick ?? false;
  const into = quick ? await mkdtemp(join(tmpdir(), 'mustredirect-bench-')) : root;
  await runBench({
    parts: wanted,
    quick,
    root,
    into,
    node: { path: process.execPath, version: process.versions.node },
    name: `bench-${process.pid}`,
    progress: (text) => console.error(text),
    print: (text) => console.log(text),
  });
  console.error(`written to ${into}`);
}

function chooseParts(names: readonly string[]): typeof parts {
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    throw new Error(`no part ${unknown.join(', ')}; there are ${parts.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? parts : parts.filter(({ name }) => names.includes(name));
}
