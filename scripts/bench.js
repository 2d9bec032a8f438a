/** bench.js FILE [ARGUMENT...]: bundles a program of bench, as build.js does ours, and runs it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.js';

const [entry, ...args] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'mustredirect-bench-'));
const outfile = join(folder, 'main.mjs');
try {
  await build({ ...bundleOptions, absWorkingDir: root, entryPoints: [entry], outfile });
  const { main } = await import(pathToFileURL(outfile).href);
  await main(root, args);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
