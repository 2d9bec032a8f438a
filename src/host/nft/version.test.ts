import { describe, expect, it } from 'vitest';
import { readChains } from './chains.ts';
import type { Output } from '../ports.ts';

const listing = (...objects: readonly object[]): Partial<Output> => ({
  stdout: JSON.stringify({ nftables: objects }),
});
const ofVersion = (version: unknown) =>
  listing({ metainfo: { version, release_name: 'Lester Gooch #5', json_schema_version: 1 } });
const read = (output: Partial<Output>) =>
  readChains({ run: async () => ({ exitCode: 0, stdout: '', stderr: '', ...output }) });

describe('the version of nft', () => {
  it.each(['1.0.6', '0.9.9', '1.1.3', '1.0', '?', undefined])('%s is accepted', async (version) => {
    expect(await read(ofVersion(version))).toEqual([]);
  });

  it('may be missing', async () => {
    expect(await read(listing())).toEqual([]);
  });

  it.each(['0.9.8', '0.9.0', '0.8'])('%s is refused', async (version) => {
    await expect(read(ofVersion(version))).rejects.toMatchObject({
      code: 'missing-tool',
      exitStatus: 4,
      message: `nft: ${version} is too old`,
    });
  });

  it('is an error when the output is not text', async () => {
    await expect(read(ofVersion(1))).rejects.toThrow('nft -j list chains: its output is not understood');
  });

  it('without JSON is refused', async () => {
    // Text from src/main.c of nftables.
    await expect(read({ exitCode: 1, stderr: 'JSON support not compiled-in' })).rejects.toMatchObject({
      exitStatus: 4,
      message: 'nft: built without JSON',
    });
  });
});
