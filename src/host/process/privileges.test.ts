import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { requireNetAdmin } from './privileges.ts';

const status = (uid: number, capabilities: string): string =>
  `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapEff:\t${capabilities}\nSeccomp:\t0\n`;

const check = (text: string): Promise<void> =>
  requireNetAdmin(createFakeHost({ links: [], files: new Map([['/proc/self/status', text]]) }).files);

describe('requireNetAdmin', () => {
  it.each([
    ['of root', status(0, '000001ffffffffff')],
    ['of a user who was given the capability alone', status(1000, '0000000000001000')],
  ])('accepts %s', async (_, text) => {
    await expect(check(text)).resolves.toBeUndefined();
  });

  it.each([
    ['a user', status(1000, '0000000000000000'), 'only root can', /sudo/],
    ['root in a container', status(0, '00000000a80425fb'), 'root has no CAP_NET_ADMIN', /container/],
  ])('refuses %s', async (_, text, message, hint) => {
    await expect(check(text)).rejects.toMatchObject({
      code: 'not-permitted',
      exitStatus: 4,
      message: expect.stringContaining(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });
});
