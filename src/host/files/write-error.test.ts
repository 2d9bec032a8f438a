import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFiles } from './files.ts';
import { writeError } from './write-error.ts';

describe('an error of writing', () => {
  it.each([
    ['EROFS', 'failed', /read-only/, /findmnt -T \/var\/lib\/x/],
    ['ENOSPC', 'failed', /no space/, /df \/var\/lib\/x/],
    ['EDQUOT', 'failed', /quota/, /quota/],
    ['EACCES', 'not-permitted', /may not be written/, /root/],
    ['EPERM', 'not-permitted', /may not be written/, /lsattr/],
  ])('%s says what is wrong, where, and what to do', (errno, code, message, hint) => {
    const cause = Object.assign(new Error(errno), { code: errno });
    expect(writeError('/var/lib/x/host.json', cause)).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
      cause,
    });
  });

  it('is left as it is when it is about something else', () => {
    const other = new Error('other');
    expect(writeError('/a', other)).toBe(other);
    expect(writeError('/a', undefined)).toBeUndefined();
  });
});

describe('a file that cannot be written', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-write-'));
    await writeFile(join(folder, 'file'), '');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is named, on a device that is always full', async () => {
    await expect(createFiles().overwrite('/dev/full', 'x')).rejects.toMatchObject({
      code: 'failed',
      message: '/dev/full: no space left on its file system',
    });
  });

  it('leaves nothing beside it', async () => {
    await expect(createFiles().replace(folder, 'x')).rejects.toThrow('EISDIR');
    expect(await readdir(join(folder, '..'))).not.toContain(`.${folder.split('/').at(-1)}.mustredirect`);
    expect(await readdir(folder)).toEqual(['file']);
  });
});
