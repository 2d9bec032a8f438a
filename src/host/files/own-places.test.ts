import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFiles } from './files.ts';
import { checkOwnPlaces } from './own-places.ts';
import type { Places } from './places.ts';

const stranger = 1234;
let base: string;
let places: Places;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mustredirect-own-'));
  places = {
    ledger: join(base, 'state/host.json'),
    journal: join(base, 'state/host.journal'),
    history: join(base, 'state/host.history'),
    lock: join(base, 'run/host.lock'),
    agent: join(base, 'run/host.agent'),
    verdicts: join(base, 'run/host.verdicts'),
    drained: join(base, 'state/host.drained'),
    flowLogs: join(base, 'state/host.flows'),
    log: join(base, 'state/host.log'),
    daemon: join(base, 'run/host.bird'),
    firstNamespace: false,
  };
});
afterEach(() => rm(base, { recursive: true }));

async function makeAll(): Promise<void> {
  for (const folder of ['state', 'run']) await mkdir(join(base, folder), { mode: 0o700 });
  for (const path of [places.ledger, places.journal, places.history, places.lock]) {
    await writeFile(path, 'kept', { mode: 0o600 });
  }
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(join(base, path))).mode & 0o7777).toString(8);
}

const names = [
  'state',
  'run',
  'state/host.json',
  'state/host.journal',
  'state/host.history',
  'run/host.lock',
];

describe('checkOwnPlaces', () => {
  it('accepts missing folders and files, which are created with access for us only', async () => {
    await checkOwnPlaces(places);
    const files = createFiles();
    await files.replace(places.ledger, 'new');
    await mkdir(join(base, 'run'), { mode: 0o700 });
    await files.append(places.lock, 'new');
    expect(await Promise.all(['state', 'state/host.json', 'run/host.lock'].map(modeOf))).toEqual([
      '700',
      '600',
      '600',
    ]);
  });

  it('removes read access of other users', async () => {
    await makeAll();
    for (const name of names) await chmod(join(base, name), name.includes('/') ? 0o644 : 0o755);
    await checkOwnPlaces(places);
    expect(await Promise.all(names.map(modeOf))).toEqual(['700', '700', '600', '600', '600', '600']);
  });

  it.each(names)('refuses paths that others can write: %s', async (name) => {
    await makeAll();
    for (const bit of [0o020, 0o002]) {
      await chmod(join(base, name), 0o700 | bit);
      await expect(checkOwnPlaces(places)).rejects.toMatchObject({
        code: 'refused',
        exitStatus: 4,
        message: expect.stringContaining(`${join(base, name)}: other users can write`) as unknown,
        hint: expect.stringContaining(`chmod go-w ${join(base, name)}`) as unknown,
      });
    }
  });

  it.each(names)('refuses paths that belong to another user: %s', async (name) => {
    await makeAll();
    await chown(join(base, name), stranger, stranger);
    await expect(checkOwnPlaces(places)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(`${name}: the (file|folder) belongs to user 1234`) as unknown,
      hint: expect.stringContaining(`chown root:root ${join(base, name)}`) as unknown,
    });
  });

  it.each(names)('refuses symbolic links: %s', async (name) => {
    await makeAll();
    await rm(join(base, name), { recursive: true });
    await symlink('/etc/passwd', join(base, name));
    await expect(checkOwnPlaces(places)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/: is not a (file|folder)$/) as unknown,
    });
  });

  it('refuses a parent folder in which others can replace entries', async () => {
    await makeAll();
    await chmod(base, 0o777);
    await expect(checkOwnPlaces(places)).rejects.toMatchObject({
      code: 'refused',
      message: `${base}: other users can write the folder (mode 0777)`,
    });
    await chmod(base, 0o1777);
    await checkOwnPlaces(places);
  });
});

describe('a file of ours', () => {
  it('is never read, replaced or appended to through a symbolic link', async () => {
    await makeAll();
    const files = createFiles();
    const target = join(base, 'target');
    await writeFile(target, 'untouched');
    await rm(places.journal);
    await symlink(target, places.journal);
    await expect(files.read(places.journal, { follow: false })).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(files.append(places.journal, 'more')).rejects.toMatchObject({ code: 'refused' });
    await symlink(target, join(base, 'state/.host.json.mustredirect'));
    await expect(files.replace(places.ledger, 'new')).rejects.toMatchObject({ code: 'refused' });
    expect(await files.read(target)).toBe('untouched');
  });
});
