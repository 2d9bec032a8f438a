/** What `npm pack` makes can be installed in a clean folder without a network, and runs there. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const checkout = fileURLToPath(new URL('..', import.meta.url));
const packSchema = z.array(
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
);
const packageSchema = z.object({ version: z.string() });

describe('the package', () => {
  let folder: string;
  let packedFiles: readonly string[];
  let command: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-package-'));
    const packed = await pack(await copyCheckout(join(folder, 'checkout')));
    packedFiles = packed.files;
    command = await install(packed.tarball, join(folder, 'clean'));
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds the command, the licences and nothing of the sources', () => {
    expect(packedFiles).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'CHANGELOG.md',
        'README.md',
        'bin/mustredirect',
        'bin/start.js',
        'dist/main.js',
        'dist/THIRD-PARTY-LICENSES.txt',
      ]),
    );
    expect(packedFiles.filter((path) => /^(src|tests|scripts|node_modules)\/|\.ts$/.test(path))).toEqual([]);
  });

  it('prints the version of package.json', async () => {
    const { version } = packageSchema.parse(
      JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')),
    );
    const { stdout } = await run(command, ['--version']);
    expect(stdout).toBe(`${version}\n`);
  });

  it('prints the schema of the file', async () => {
    const { stdout } = await run(command, ['schema']);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { hosts: {}, networks: {} } });
  });

  it('says in one line what is wrong when it was not built', async () => {
    await rm(join(folder, 'clean/node_modules/mustredirect/dist/main.js'));
    await expect(run(command, ['--version'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mustredirect: not built yet: run 'npm run build' in .*\n$/) as string,
    });
  });
});

/** A copy, so that packing, which builds, does not pull `dist` away under a test that runs at the same time. */
async function copyCheckout(to: string): Promise<string> {
  const left = new Set(['node_modules', '.git', '.tools', 'dist'].map((name) => join(checkout, name)));
  await cp(checkout, to, { recursive: true, filter: (path) => !left.has(path) });
  await symlink(join(checkout, 'node_modules'), join(to, 'node_modules'));
  return to;
}

async function pack(source: string): Promise<{ tarball: string; files: string[] }> {
  const { stdout } = await run('npm', ['pack', '--json', '--foreground-scripts=false'], { cwd: source });
  const [packed] = packSchema.parse(JSON.parse(stdout));
  if (!packed) throw new Error(`npm pack printed no package: ${stdout}`);
  return { tarball: join(source, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** `--offline` proves that nothing has to be fetched. */
async function install(tarball: string, to: string): Promise<string> {
  await mkdir(to);
  await run('npm', ['init', '--yes'], { cwd: to });
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: to });
  return join(to, 'node_modules/.bin/mustredirect');
}
