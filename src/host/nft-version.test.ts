import { describe, expect, it } from 'vitest';
import { requireNft } from './nft-version.ts';

const check = (stdout: string): Promise<void> =>
  requireNft({ run: async () => ({ exitCode: 0, stdout, stderr: '' }) });

describe('the version of nft', () => {
  it.each([
    'nftables v1.0.6 (Lester Gooch #5)',
    'nftables v0.9.9 (Fearless Fosdick)',
    'nftables v1.1.3',
    '?',
  ])('%s is let pass', async (said) => {
    await expect(check(said)).resolves.toBeUndefined();
  });

  it.each(['nftables v0.9.8 (E.D.S.)', 'nftables v0.9.0 (Fearless Fosdick)', 'nftables v0.8'])(
    '%s is refused',
    async (said) => {
      await expect(check(said)).rejects.toMatchObject({
        code: 'missing-tool',
        message: expect.stringMatching(/^nft: 0\.[\d.]+ is too old$/) as string,
      });
    },
  );

  it('without JSON is refused', async () => {
    const said = 'nftables v1.0.9 (Old Doc Yak #3)\n  cli:\t\treadline\n  json:\t\tno\n  minigmp:\tno\n';
    await expect(check(said)).rejects.toMatchObject({ exitStatus: 4, message: 'nft: built without JSON' });
  });
});
