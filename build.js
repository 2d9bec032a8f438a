/** Bundles src/cli into dist: libraries included, so that what is installed depends on nothing but Node. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programOptions } from './scripts/bundle-options.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const { metafile } = await build({ ...programOptions(root, dist), metafile: true }).catch(() =>
  process.exit(1),
); // esbuild has said what and where
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licenseTexts(bundledPackages(metafile)));

/** Folders of the packages that the bundle took something from, sorted. */
function bundledPackages({ inputs }) {
  const folders = Object.keys(inputs).map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/** Most licences ask for their text to go with every copy. */
async function licenseTexts(folders) {
  const texts = await Promise.all(folders.map((folder) => licenseText(join(root, folder))));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenseText(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name}: no licence file in ${folder}`);
  return `${name} ${version} (${license})\n\n${await readFile(join(folder, file), 'utf8')}`;
}
