import { describe, expect, it } from 'vitest';
import type { FileStat, Files } from '../../host/ports.ts';
import { readAccess } from './access.ts';

const token = 'fM2v0Qy1Zb8r4L6n';
const anywhere = { address: '192.0.2.10', port: 9479 };
const loopback = { address: '127.0.0.1', port: 9479 };

function filesWith(text: string, stat: Partial<FileStat> = {}): Files {
  const files: Pick<Files, 'read' | 'stat'> = {
    read: () => Promise.resolve(text),
    stat: () => Promise.resolve({ uid: 0, mode: 0o600, isFile: true, ...stat }),
  };
  return files as Files;
}

const tokenFile = filesWith(`${token}\n`);

describe('with a token file', () => {
  it.each([
    [`Bearer ${token}`, undefined],
    [`bearer  ${token} `, undefined],
    [`Bearer ${token}x`, 401],
    [`Bearer ${token.slice(1)}`, 401],
    [`Basic ${token}`, 401],
    [token, 401],
    ['Bearer ', 401],
    [undefined, 401],
  ])('%j gives %j', async (authorization, status) => {
    const access = await readAccess(tokenFile, anywhere, '/token');
    expect(access({ headers: authorization === undefined ? {} : { authorization } })).toBe(status);
  });

  it('asks for it on loopback, too', async () => {
    const access = await readAccess(tokenFile, loopback, '/token');
    expect(access({ headers: { host: 'localhost' } })).toBe(401);
  });

  it.each([
    ['that others can read', filesWith(token, { mode: 0o640 }), 'it has mode 0640'],
    ['of another user', filesWith(token, { uid: 1000 }), 'it belongs to user 1000'],
    ['that is a folder', filesWith(token, { isFile: false }), 'it is not a file'],
    ['with a short token', filesWith('short\n'), 'no token of 16 or more'],
    ['with two lines', filesWith(`${token}\n${token}\n`), 'no token of 16 or more'],
  ])('refuses a file %s', async (_, files, message) => {
    await expect(readAccess(files, anywhere, '/token')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('without a token file', () => {
  it('refuses an address that others reach', async () => {
    await expect(readAccess(tokenFile, anywhere, undefined)).rejects.toMatchObject({ code: 'refused' });
  });

  it.each([
    ['127.0.0.1:9479', undefined],
    ['localhost:9479', undefined],
    ['[::1]:9479', undefined],
    ['evil.example:9479', 403],
    ['127.0.0.1.evil.example', 403],
    ['', 403],
  ])('host %j gives %j: a web page must not read it by a name of its own', async (host, status) => {
    const access = await readAccess(tokenFile, loopback, undefined);
    expect(access({ headers: { host } })).toBe(status);
  });
});
