import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownCommand } from './own-command.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mustredirect-command-'));
  for (const folder of ['bin', 'path']) await mkdir(join(root, folder));
  await writeFile(join(root, 'bin/mustredirect'), '#!/bin/sh\n', { mode: 0o755 });
});
afterEach(() => rm(root, { recursive: true }));

const launcher = () => join(root, 'bin/mustredirect');
const command = () => ownCommand({ env: { PATH: `/nowhere:${join(root, 'path')}` }, root });

it('ownCommand is the path of the launcher in a checkout', async () => {
  expect(await command()).toBe(launcher());
});

it('ownCommand is the name when PATH leads to it', async () => {
  await symlink(launcher(), join(root, 'path/mustredirect'));
  expect(await command()).toBe('mustredirect');
});

it('ownCommand is the path when PATH leads to another program', async () => {
  await writeFile(join(root, 'path/mustredirect'), '#!/bin/sh\n', { mode: 0o755 });
  expect(await command()).toBe(launcher());
});
