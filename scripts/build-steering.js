/**
 * scripts/build-steering.js NUMBER FOLDER: builds a mustredirect into a folder that steers up to so many subnets by
 * source rules, and more by the map. The program itself has no such setting: it knows which one is quicker, because
 * the benchmark has measured both.
 */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programOptions } from './bundle-options.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const [rules = '', folder = ''] = process.argv.slice(2);
if (!/^\d+$/.test(rules) || folder === '') throw new Error('usage: scripts/build-steering.js NUMBER FOLDER');

const otherCrossing = {
  name: 'other-crossing',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/desired\/steering-kind\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replace(/^const rulesAtMost = \d+;$/m, `const rulesAtMost = ${rules};`);
      if (contents === source && !source.includes(`rulesAtMost = ${rules};`)) {
        throw new Error(`${path} does not say how many rules there are at most`);
      }
      return { contents, loader: 'ts' };
    });
  },
};

await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
await build({ ...programOptions(root, join(folder, 'dist')), plugins: [otherCrossing] });
