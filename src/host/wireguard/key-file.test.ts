import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyPairs } from '../../../tests/given/keys.ts';
import { createFiles } from '../files/files.ts';
import { readKeyFile } from './key-file.ts';

const [{ privateKey, publicKey }] = keyPairs;
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-'));
  path = join(folder, 'wg0.key');
});
afterEach(() => rm(folder, { recursive: true }));

async function readAs(text: string, mode: number): Promise<unknown> {
  await writeFile(path, text);
  await chmod(path, mode);
  return readKeyFile(createFiles(), path);
}

it.each([0o600, 0o400])('names the public key of a file with mode %o', async (mode) => {
  expect(await readAs(`${privateKey}\n`, mode)).toEqual({ publicKey });
});

it.each([0o644, 0o640, 0o660, 0o604, 0o700, 0o4600])('refuses a file with mode %o', async (mode) => {
  expect(await readAs(privateKey, mode)).toMatchObject({
    error: `it has mode ${mode.toString(8).padStart(4, '0')}`,
  });
});

it.each([
  ['nothing', ''],
  ['two keys', `${privateKey}\n${privateKey}\n`],
  ['an empty line first, which wg does not skip', `\n${privateKey}\n`],
  ['a byte order mark', `\uFEFF${privateKey}\n`],
  ['a short key', Buffer.alloc(31).toString('base64')],
  ['text that is not base64', `${privateKey.slice(0, 43)}!`],
])('refuses a file with %s, and does not repeat it', async (_, text) => {
  expect(await readAs(text, 0o600)).toEqual({
    error: 'it holds no private key',
    hint: 'one line, as `wg genkey` prints it',
  });
});

it('refuses a file of another user, a folder, and a file that is not there', async () => {
  await writeFile(path, privateKey, { mode: 0o600 });
  await chown(path, 1000, 1000);
  expect(await readKeyFile(createFiles(), path)).toMatchObject({ error: 'it belongs to user 1000' });
  // What counts is the file at the end of a symbolic link.
  const link = join(folder, 'link');
  await symlink(path, link);
  expect(await readKeyFile(createFiles(), link)).toMatchObject({ error: 'it belongs to user 1000' });
  await mkdir(join(folder, 'sub'));
  expect(await readKeyFile(createFiles(), join(folder, 'sub'))).toMatchObject({ error: 'it is not a file' });
  expect(await readKeyFile(createFiles(), join(folder, 'no'))).toMatchObject({
    error: 'there is no such file',
    hint: `make a key: (umask 077; wg genkey > ${folder}/no)`,
  });
});
