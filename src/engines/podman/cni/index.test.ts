import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordedFiles } from '../../recorded-host.ts';
import { podmanCni } from './index.ts';

const folder = '/etc/cni/net.d';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

function read(files: Readonly<Record<string, string>>, ...names: string[]) {
  const inFolder = Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text] as const);
  return podmanCni.readNetworks(recordedFiles(Object.fromEntries(inFolder)), folder, names);
}

describe('networks of podman with cni', () => {
  it.each([
    ['3.4.4', { nameServer: { upstreams: [] } }],
    // Created without dnsname installed.
    ['4.3.1', {}],
  ])('reads what podman %s writes', async (version, names) => {
    const files = { 'mustredirect.conflist': fixture(`mustredirect-${version}.conflist`) };
    expect(await read(files, 'mustredirect')).toEqual([
      {
        name: 'mustredirect',
        exists: true,
        subnets: ['10.89.4.0/24'],
        bridge: 'cni-podman1',
        ...names,
        masquerade: { file: '/etc/cni/net.d/mustredirect.conflist', setting: 'ipMasq', enabled: true },
      },
    ]);
  });

  it('reads both families and treats an absent ipMasq as false', async () => {
    const off = fixture('dual.conflist').replace('"ipMasq": true,', '');
    expect(await read({ 'dual.conflist': off }, 'dual')).toMatchObject([
      { subnets: ['10.89.7.0/24', 'fd00:7::/64'], masquerade: { enabled: false } },
    ]);
  });

  it('reads a configured MTU', async () => {
    const text = fixture('labelled.conflist');
    expect(await read({ 'a.conflist': text }, 'labelled')).toMatchObject([{ mtu: 1400 }]);
    const none = text.replace('"mtu": 1400', '"mtu": 0');
    expect((await read({ 'a.conflist': none }, 'labelled'))[0]).not.toHaveProperty('mtu');
  });

  it('finds a network by the name inside, for any file name', async () => {
    const files = { '87-podman-bridge.conflist': fixture('87-podman-bridge.conflist') };
    expect(await read(files, 'podman')).toMatchObject([
      {
        exists: true,
        bridge: 'cni-podman0',
        masquerade: { file: '/etc/cni/net.d/87-podman-bridge.conflist' },
      },
    ]);
  });

  it('returns networks in the requested order, with the masquerade file that an absent one will have', async () => {
    const files = { 'labelled.conflist': fixture('labelled.conflist') };
    const [absent, labelled] = await read(files, 'new', 'labelled');
    expect(labelled).toMatchObject({ name: 'labelled', exists: true, bridge: 'cni-podman4' });
    expect(absent).toEqual({
      name: 'new',
      exists: false,
      subnets: [],
      masquerade: { file: '/etc/cni/net.d/new.conflist', setting: 'ipMasq', enabled: true },
    });
  });

  it('reads the form with a single range, and clears host bits', async () => {
    const plugin = {
      type: 'bridge',
      isDefaultGateway: true,
      ipam: { type: 'host-local', subnet: '10.1.2.3/16' },
    };
    const files = { 'old.conflist': JSON.stringify({ name: 'old', plugins: [plugin] }) };
    expect(await read(files, 'old')).toMatchObject([{ subnets: ['10.1.0.0/16'], bridge: 'cni0' }]);
  });

  it('uses the first of two files with the same network, like podman', async () => {
    const text = fixture('mustredirect-4.3.1.conflist');
    const files = { 'b.conflist': text, 'a.conflist': text.replace('cni-podman1', 'cni-podman9') };
    expect(await read(files, 'mustredirect')).toMatchObject([{ bridge: 'cni-podman9' }]);
  });

  it('ignores other files in the folder', async () => {
    const bridge = { type: 'bridge' };
    const files = {
      'broken.conflist': '{ "name": "broken", ',
      'empty.conflist': '',
      'list.conflist': '[]',
      'other.conflist': '{"name":"other","plugins":"none"}',
      'twice.conflist': JSON.stringify({ name: 'twice', plugins: [bridge, bridge] }),
      'inside.conflist': fixture('inside.conflist'),
      'direct.conflist': fixture('direct.conflist'),
      '.mustredirect.conflist.77': '{',
      'cni.lock': '',
      'mustredirect.conflist': fixture('mustredirect-4.3.1.conflist'),
    };
    expect(await read(files, 'mustredirect')).toMatchObject([{ exists: true }]);
  });

  it('reports why the file of the network is broken', async () => {
    await expect(read({ 'mustredirect.conflist': '{ "name": ' }, 'mustredirect')).rejects.toThrow(
      /^\/etc\/cni\/net\.d\/mustredirect\.conflist: not JSON: /,
    );
    await expect(
      read({ '87-mustredirect.conflist': '{"name":"mustredirect"}' }, 'mustredirect'),
    ).rejects.toThrow('/etc/cni/net.d/87-mustredirect.conflist: unexpected content: plugins: ');
    const text = fixture('mustredirect-4.3.1.conflist').replace('10.89.4.0/24', '10.89.4.0/33');
    await expect(read({ 'x.conflist': text }, 'mustredirect')).rejects.toThrow(
      '/etc/cni/net.d/x.conflist: bridge plugin: unexpected content: ipam.ranges.0.0.subnet: 10.89.4.0/33 is not a subnet',
    );
  });

  it.each([
    ['direct', fixture('direct.conflist'), 'has 0 bridge plugins (macvlan)'],
    ['inside', fixture('inside.conflist'), 'is internal: its isGateway is false'],
    [
      'twice',
      '{"name":"twice","plugins":[{"type":"bridge"},{"type":"bridge"}]}',
      'has 2 bridge plugins (bridge, bridge)',
    ],
  ])('reports why network %s cannot be redirected', async (name, text, what) => {
    expect(await read({ [`${name}.conflist`]: text }, name)).toMatchObject([
      { exists: true, unusable: { what: `/etc/cni/net.d/${name}.conflist ${what}` } },
    ]);
  });
});
