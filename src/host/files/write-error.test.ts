import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFiles } from './files.ts';
import { writeError } from './write-error.ts';

describe('writeError', () => {
  it.each([
    ['EROFS', 'failed', /read-only/, /findmnt -T \/var\/lib\/x/],
    ['ENOSPC', 'failed', /no space/, /df \/var\/lib\/x/],
    ['EDQUOT', 'failed', /quota/, /quota/],
    ['EACCES', 'not-permitted', /may not be written/, /root/],
    ['EPERM', 'not-permitted', /may not be written/, /lsattr/],
  ])('%s names the problem, the file and the fix', (errno, code, message, hint) => {
    const cause = Object.assign(new Error(errno), { code: errno });
    expect(writeError('/var/lib/x/host.json', cause)).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
      cause,
    });
  });

  it('returns other errors unchanged', () => {
    const other = new Error('other');
    expect(writeError('/a', other)).toBe(other);
    expect(writeError('/a', undefined)).toBeUndefined();
  });
});

describe('a failed write', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-write-'));
    await writeFile(join(folder, 'file'), '');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('names the file, on a device that is always full', async () => {
    await expect(createFiles().overwrite('/dev/full', 'x')).rejects.toMatchObject({
      code: 'failed',
      message: '/dev/full: no space left on its file system',
    });
  });

  it('leaves no temporary file', async () => {
    await expect(createFiles().replace(folder, 'x')).rejects.toThrow('EISDIR');
    expect(await readdir(join(folder, '..'))).not.toContain(`.${folder.split('/').at(-1)}.mustredirect`);
    expect(await readdir(folder)).toEqual(['file']);
  });
});
