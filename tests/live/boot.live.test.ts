/** Boot: the units that install writes, as systemd parses them (it need not run), and the commands in them. */
import { copyFile, cp, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootUnits } from '../../src/boot/units.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

const reportSchema = z.object({ units: z.array(z.object({ path: z.string(), text: z.string() })) });
const checkout = dirname(dirname(programPath));
const names = ['mustredirect-guard.service', 'mustredirect.service'];
const unitFolder = '/etc/systemd/system';
/** The folder has no quotes and backslashes: systemd does not accept them in the path of a program. */
const fileName = `a\\b "c" 'd'.yaml`;

describe.each([
  ['plain', 'mustredirect'],
  ['full of what systemd has a meaning for', `my $HOME \${x} 100%n ; é`],
])('install in a folder with a %s name', (_, name) => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'mustredirect-boot-'));
    for (const { path, text } of await writtenBy(await copyProgram(join(root, name)))) {
      await mkdir(join(root, unitFolder), { recursive: true });
      await writeFile(join(root, path), text);
    }
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('writes units that systemd accepts', async () => {
    expect(await verify(names)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('control: an error in a unit is reported', async () => {
    const unit = await thisMachine().files.read(join(root, unitFolder, 'mustredirect.service'));
    expect(unit).toContain('\nExecStart=');
    const changes = [
      ['wrong-key', 'PartOf=', 'PartsOf=', 'Unknown key'],
      ['wrong-program', '/node', '/nod', 'is not executable'],
      ['wrong-type', 'Restart=on-failure', 'Restart=always', 'Restart='],
    ];
    for (const [file = '', from = '', to = '', said] of changes) {
      await writeFile(join(root, unitFolder, `${file}.service`), unit?.replaceAll(from, to) ?? '');
      expect((await verify([`${file}.service`])).stderr).toContain(said);
    }
  });

  it('links them into the right targets', async () => {
    const systemctl = (verb: string) =>
      thisMachine().exec.run(['systemctl', `--root=${root}`, verb, ...names]);
    const links = [
      ['sysinit.target.wants', names[0]],
      ['nftables.service.wants', names[0]],
      ['multi-user.target.wants', names[1]],
    ].map(([folder = '', unit = '']) => join(root, unitFolder, folder, unit));
    const targets = () => Promise.all(links.map((link) => readlink(link).catch(() => undefined)));
    expect(await systemctl('reenable')).toMatchObject({ exitCode: 0 });
    expect((await targets()).map((target) => target?.replace(/.*\//, ''))).toEqual([
      names[0],
      names[0],
      names[1],
    ]);
    expect(await systemctl('disable')).toMatchObject({ exitCode: 0 });
    expect(await targets()).toEqual([undefined, undefined, undefined]);
  });

  async function verify(units: readonly string[]) {
    const paths = units.map((unit) => join(root, unitFolder, unit));
    return thisMachine().exec.run(['systemd-analyze', 'verify', '--man=no', ...paths]);
  }
});

/** Copies the program, its file and its Node to one folder. */
async function copyProgram(home: string): Promise<string> {
  await mkdir(home);
  for (const part of ['bin', 'dist']) await cp(join(checkout, part), join(home, part), { recursive: true });
  await copyFile(process.execPath, join(home, 'node'));
  await writeFile(join(home, fileName), exampleFile('external'));
  return home;
}

async function writtenBy(home: string): Promise<z.infer<typeof reportSchema>['units']> {
  const { stdout, stderr } = await thisMachine().exec.run([
    'env',
    `MUSTREDIRECT_STATE_DIR=${home}`,
    join(home, 'node'),
    join(home, 'bin/start.js'),
    'install',
    '--dry-run',
    '--json',
    '--host=node1',
    `--file=${join(home, fileName)}`,
  ]);
  expect(stderr).toBe('');
  return reportSchema.parse(JSON.parse(stdout)).units;
}

describe('apply --closed --boot', () => {
  let world: World;

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external' });
  });
  afterAll(async () => {
    await world?.down();
  });

  /** Simulates a boot after `applied` was applied and `file` was written. */
  async function boot(applied: string, file: string) {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, applied);
    await mustSucceed(node1, 'destroy', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    await node1.files.replace(filePath, file);
    // State after a reboot.
    await node1.run(['sh', '-c', 'nft flush ruleset; ip rule flush protocol 136']);
    const { exitCode } = await mustredirect(node1, 'apply', '--closed', '--boot', '--yes');
    const rules = await node1.run(['ip', 'rule']);
    return {
      exitCode,
      closed: [...rules.matchAll(/from (\d\S+) .*(?:prohibit|blackhole)/g)].map(([, subnet]) => subnet),
    };
  }

  const file = exampleFile('external');

  it('blocks networks of the file', async () => {
    expect(await boot(file, file)).toEqual({ exitCode: 0, closed: [network.subnet] });
  });

  it('also blocks the networks that were applied when the file has others by now', async () => {
    expect(await boot(file, file.replaceAll(network.subnet, '10.90.0.0/24'))).toEqual({
      exitCode: 0,
      closed: [network.subnet, '10.90.0.0/24'],
    });
  });

  it('blocks the networks that were applied when the file is invalid, and reports the errors', async () => {
    expect(await boot(file, `${file}oops: 1\n`)).toEqual({ exitCode: 2, closed: [network.subnet] });
  });
});

describe('destroy', () => {
  it('warns that installed boot units would apply the file again', async () => {
    const world = await createTestWorld({ engine: 'external' });
    try {
      const { node1 } = world.hosts;
      const said = async (): Promise<string> => (await mustredirect(node1, 'destroy', '--yes')).stderr;
      expect(await said()).toBe('');
      const source = {
        self: ['/usr/bin/node', '/opt/start.js'],
        file: filePath,
        host: 'node1',
        settings: [],
      };
      for (const { name, text } of bootUnits(source)) {
        await node1.files.replace(`/etc/systemd/system/${name}`, text);
      }
      expect(await said()).toMatch(/the boot units apply it again .* `mustredirect uninstall`/);
    } finally {
      await world.down();
    }
  });
});
