import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { type Ledger, emptyLedger } from '../../state/ledger.ts';
import { readLedger, writeLedger } from './ledger-store.ts';

const path = '/var/lib/mustredirect/host.json';

function hostWith(text?: string) {
  return createFakeHost({ links: [], files: new Map(text === undefined ? [] : [[path, text]]) });
}

const full: Ledger = {
  gateways: { office: { table: 2184, mark: 1 } },
  bypassBit: 0x1000,
  sysctls: { 'net.ipv4.ip_forward': '0' },
  networks: [
    {
      engine: 'podman',
      name: 'web',
      subnets: ['10.89.4.0/24'],
      created: true,
      edited: { file: '/etc/cni/net.d/web.conflist', original: '{ }\n', ours: '{}' },
    },
  ],
};

describe('the ledger', () => {
  it('is read as it was written', async () => {
    const { files } = hostWith();
    await writeLedger(files, path, full);
    expect(await readLedger(files, path)).toEqual(full);
  });

  it.each<Ledger>([
    { ...emptyLedger, ownerBit: 64 },
    { ...emptyLedger, bridges: { web: 'br1' } },
    { ...emptyLedger, forget: [{ from: '10.89.4.0/24' }] },
  ])('is kept while one field remembers something: %j', async (ledger) => {
    const { files } = hostWith();
    await writeLedger(files, path, ledger);
    expect(await readLedger(files, path)).toEqual(ledger);
  });

  it('has no sysctls after a reboot of the machine', async () => {
    const { files } = hostWith();
    await writeLedger(files, path, full);
    const written = (await files.read(path)) ?? '';
    await files.replace(path, written.replace('"boot": ""', '"boot": "of another start"'));
    expect(await readLedger(files, path)).toEqual({ ...full, sysctls: {} });
  });

  it('is empty when there is no file, and no file when it is empty', async () => {
    const { files } = hostWith();
    expect(await readLedger(files, path)).toEqual(emptyLedger);
    await writeLedger(files, path, full);
    await writeLedger(files, path, emptyLedger);
    expect(await files.read(path)).toBeUndefined();
  });

  it.each([
    ['half of it', '{"version": 1, "gateways"'],
    ['nothing', ''],
    ['of a newer version', '{"version":2,"gateways":{},"sysctls":{},"networks":[]}'],
    ['with an unknown engine', '{"version":1,"gateways":{},"sysctls":{},"networks":[{"engine":"lxc"}]}'],
  ])('is refused when it is %s, and stays as it is', async (_, text) => {
    const host = hostWith(text);
    await expect(readLedger(host.files, path)).rejects.toMatchObject({
      name: 'MustredirectError',
      code: 'refused',
      message: `${path}: not a state file of this version`,
      hint: expect.stringContaining('restore the file') as unknown,
    });
    expect(await host.files.read(path)).toBe(text);
  });
});
