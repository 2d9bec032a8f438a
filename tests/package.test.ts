/** Tests that the install lines of the README work, and that the installed program runs in any folder. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const checkout = fileURLToPath(new URL('..', import.meta.url));
const packageSchema = z.object({ version: z.string() });
const failureSchema = z.object({ code: z.number(), stderr: z.string() });

describe('the package', () => {
  let folder: string;
  let packedFiles: readonly string[];
  let command: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-package-'));
    const copy = await copyCheckout(join(folder, 'checkout'));
    for (const line of await installLines()) await runLine(line, copy, join(folder, 'prefix'));
    packedFiles = await filesOfPackage(copy);
    command = join(folder, 'prefix/bin/mustredirect');
  }, 300_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has the command, the licences and no sources', () => {
    expect(packedFiles).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'CHANGELOG.md',
        'README.md',
        'bin/mustredirect',
        'bin/start.js',
        'dist/main.js',
        'dist/THIRD-PARTY-LICENSES.txt',
        'examples/mustredirect.yaml',
        'examples/balance.yaml',
        'examples/mustredirect.schema.json',
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

  it('names its example when the file is missing', async () => {
    const said = await run(command, ['validate', '-f', '/nowhere/a.yaml']).catch((error: unknown) => error);
    const { code, stderr } = failureSchema.parse(said);
    expect(code).toBe(2);
    const example = /\((\/.*\.yaml) is a start\)/.exec(stderr)?.[1] ?? stderr;
    expect(await readFile(example, 'utf8')).toContain('gateways:');
  });

  it('prints one line of error when it was not built', async () => {
    await rm(join(folder, 'prefix/lib/node_modules/mustredirect/dist/main.js'));
    await expect(run(command, ['--version'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mustredirect: not built yet: run 'npm run build' in .*\n$/) as string,
    });
  });
});

/** Copies the checkout like a fresh clone, so that concurrent tests are not affected. */
async function copyCheckout(to: string): Promise<string> {
  const left = new Set(['node_modules', '.git', '.tools', 'dist'].map((name) => join(checkout, name)));
  await cp(checkout, to, {
    recursive: true,
    filter: (path) => !left.has(path) && !path.endsWith('.tgz'),
  });
  return to;
}

async function installLines(): Promise<string[]> {
  const readme = await readFile(join(checkout, 'README.md'), 'utf8');
  const block = /<!-- install -->\s+```\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const lines = block.trim().split('\n');
  expect(lines).toHaveLength(3);
  return lines;
}

/** Installing must work offline; build dependencies are cached for this checkout. */
async function runLine(line: string, cwd: string, prefix: string): Promise<void> {
  const network = line === 'npm ci' ? { npm_config_prefer_offline: 'true' } : { npm_config_offline: 'true' };
  await run('sh', ['-euc', line.replace(/^sudo /, '')], {
    cwd,
    env: {
      ...process.env,
      ...network,
      npm_config_prefix: prefix,
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    },
  });
}

async function filesOfPackage(copy: string): Promise<string[]> {
  const tarball = (await readdir(copy)).find((name) => name.endsWith('.tgz')) ?? '';
  const { stdout } = await run('tar', ['-tzf', join(copy, tarball)]);
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}
