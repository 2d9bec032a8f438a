/** The package of this checkout, and a later version of it, on a disk for the virtual machine. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { runOrFail } from '../../src/host/process/exec.ts';
import { thisMachine } from '../../src/lab/world.ts';

const { exec } = thisMachine();
const checkout = fileURLToPath(new URL('../..', import.meta.url));

export const laterVersion = '99.0.0';

/** Writes packages.img, with first.tgz and later.tgz, to the folder. */
export async function writePackages(folder: string): Promise<void> {
  const files = join(folder, 'files');
  await mkdir(files);
  await pack(checkout, join(files, 'first.tgz'));
  await runOrFail(exec, ['tar', '-C', folder, '-xzf', join(files, 'first.tgz')]);
  const manifest = join(folder, 'package', 'package.json');
  const later = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(manifest, 'utf8')));
  await writeFile(manifest, JSON.stringify({ ...later, version: laterVersion }));
  await pack(join(folder, 'package'), join(files, 'later.tgz'));
  const image = join(folder, 'packages.img');
  await runOrFail(exec, ['truncate', '--size=32M', image]);
  await runOrFail(exec, ['mkfs.ext4', '-q', '-d', files, image]);
}

/** What was built before goes into the package. */
async function pack(source: string, target: string): Promise<void> {
  const script = 'cd "$0" && mv "$(npm pack --silent --ignore-scripts)" "$1"';
  await runOrFail(exec, ['sh', '-c', script, source, target], { timeout: 120_000 });
}
