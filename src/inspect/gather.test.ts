import { describe, expect, it } from 'vitest';
import { createFakeHost, type FakeHost } from '../../tests/fake-host/fake-host.ts';
import { emptyLedger } from '../state/ledger.ts';
import { objectKey } from '../kinds/index.ts';
import { beginFacts, gatherFacts, readOwned } from './gather.ts';

const eth0 = {
  name: 'eth0',
  up: true,
  addresses: ['192.168.50.10/24', '2001:db8:50::10/64'],
  pointToPoint: false,
};

/** Host with objects of ours, and with foreign default routes of both families. */
async function hostWithBoth(): Promise<FakeHost> {
  const host = createFakeHost({ links: [eth0] });
  const lines = {
    '-4': [
      'rule add preference 4999 from all nop protocol 136',
      'route add default via 192.168.50.2 dev eth0 table 2184 protocol 136',
      'route add default via 192.168.50.1 dev eth0',
      'xfrm policy add src 10.89.4.0/24 dst 0.0.0.0/0 dir fwd priority 137 action block',
    ],
    '-6': [
      'rule add preference 4999 from all nop protocol 136',
      'route add default via fe80::2 dev eth0 table 2184 metric 1024 protocol 136',
      'route add default via fe80::1 dev eth0 metric 1024 protocol 9',
      'route add default via 2001:db8:50::1 dev eth0 table 52',
      'xfrm policy add src fd89:4::/64 dst ::/0 dir fwd priority 137 action block',
    ],
  };
  for (const [family, input] of Object.entries(lines)) {
    await host.exec.run(['ip', family, '-batch', '-'], { input: `${input.join('\n')}\n` });
  }
  return host;
}

const ours4 = ['rule 4 4999 from all nop', 'route 4 2184 default 0', 'xfrm-policy 4 10.89.4.0/24 block'];
const ours6 = ['rule 6 4999 from all nop', 'route 6 2184 default 1024', 'xfrm-policy 6 fd89:4::/64 block'];

async function facts(host: FakeHost) {
  return (await gatherFacts(host, undefined, { networks: [], gateways: [] }, emptyLedger)).facts;
}

describe('gatherFacts', () => {
  it('reads both families', async () => {
    const host = await hostWithBoth();
    const found = await facts(host);
    expect(found).toMatchObject({
      defaultHops: [{ via: '192.168.50.1', device: 'eth0' }],
      routerAdvertisedDefaults: ['eth0'],
      acceptRa: { eth0: '1' },
      foreignRoutes: [
        { destination: '192.168.50.0/24', device: 'eth0' },
        { destination: '2001:db8:50::/64', device: 'eth0' },
      ],
      sysctls: { 'net.ipv4.ip_forward': '0', 'net.ipv6.conf.all.forwarding': '0' },
      xfrm: true,
    });
    expect(found.usedTables).toHaveLength(3);
    expect(new Set(found.usedTables)).toEqual(new Set([52, 254, 255]));
    expect(found.owned.map(objectKey).sort()).toEqual([...ours4, ...ours6].sort());
    expect((await readOwned(host)).map(objectKey).sort()).toEqual([...ours4, ...ours6].sort());
  });

  it('reads IPv4 only when the kernel has no IPv6', async () => {
    const host = await hostWithBoth();
    host.state.sysctls = new Map([...host.state.sysctls].filter(([path]) => !path.includes('/ipv6/')));
    const found = await facts(host);
    expect(found.owned.map(objectKey).sort()).toEqual([...ours4].sort());
    expect(found.sysctls).not.toHaveProperty(['net.ipv6.conf.all.forwarding']);
    expect(host.events.some(({ what }) => what.includes('-N -6'))).toBe(false);
  });
});

describe('our nft table', () => {
  it('is read when it has sets but no chains', async () => {
    const host = await hostWithBoth();
    const input = 'add table inet mustredirect\nadd set inet mustredirect back4 { type ipv4_addr; }\n';
    await host.exec.run(['nft', '-f', '-'], { input });
    const sets = (await readOwned(host)).filter(({ kind }) => kind === 'nft-set');
    expect(sets).toMatchObject([{ name: 'back4' }]);
  });

  it('is not listed with an nft version that crashes on it', async () => {
    const fake = await hostWithBoth();
    const stdout = '{"nftables": [{"metainfo": {"version": "0.9.8"}}]}';
    const run: typeof fake.exec.run = async (argv, options) =>
      argv.join(' ') === 'nft -j list chains'
        ? { exitCode: 0, stdout, stderr: '' }
        : fake.exec.run(argv, options);
    await expect(readOwned({ ...fake, exec: { run } })).rejects.toThrow('nft: 0.9.8 is too old');
    expect(fake.events.filter(({ what }) => what.startsWith('nft'))).toEqual([]);
  });
});

describe('foreign facts', () => {
  const isTable = (argv: readonly string[]): boolean => argv.join(' ').startsWith('nft -j list table inet');

  it('are available before nft has listed our table', async () => {
    const fake = await hostWithBoth();
    let release = (): void => {};
    const listed = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run: typeof fake.exec.run = async (argv, options) => {
      if (isTable(argv)) await listed;
      return fake.exec.run(argv, options);
    };
    const { foreign, whole } = await beginFacts(
      { ...fake, exec: { run } },
      undefined,
      { networks: [], gateways: [] },
      emptyLedger,
    );
    expect(foreign).not.toHaveProperty('owned');
    release();
    const { owned, ...rest } = (await whole).facts;
    expect(rest).toEqual(foreign);
    expect(owned.map(objectKey).sort()).toEqual([...ours4, ...ours6].sort());
  });

  it('that cannot be read are the reported error, even if nft fails later', async () => {
    const fake = await hostWithBoth();
    const run: typeof fake.exec.run = async (argv, options) => {
      if (isTable(argv)) return { exitCode: 1, stdout: '', stderr: 'nft is broken' };
      if (argv.join(' ') === 'nft -j list chains')
        return { exitCode: 1, stdout: '', stderr: 'chains are broken' };
      return fake.exec.run(argv, options);
    };
    const broken = { ...fake, exec: { run } };
    await expect(gatherFacts(broken, undefined, { networks: [], gateways: [] }, emptyLedger)).rejects.toThrow(
      'chains are broken',
    );
  });

  it('are not enough when our own objects cannot be read', async () => {
    const fake = await hostWithBoth();
    const run: typeof fake.exec.run = async (argv, options) =>
      isTable(argv) ? { exitCode: 1, stdout: '', stderr: 'nft is broken' } : fake.exec.run(argv, options);
    const broken = { ...fake, exec: { run } };
    const { whole } = await beginFacts(broken, undefined, { networks: [], gateways: [] }, emptyLedger);
    await expect(whole).rejects.toThrow('nft is broken');
  });
});
