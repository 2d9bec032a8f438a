import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordedFiles } from '../../recorded-host.ts';
import { podmanNetavark } from './index.ts';

const folder = '/etc/containers/networks';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

function read(name: string, text: string) {
  return podmanNetavark.readNetworks(recordedFiles({ [`${folder}/${name}.json`]: text }), folder, [name]);
}

describe('networks of podman with netavark', () => {
  it.each(['4.3.1', '5.4.2'])('reads what podman %s writes', async (version) => {
    expect(await read('mustredirect', fixture(`mustredirect-${version}.json`))).toEqual([
      {
        name: 'mustredirect',
        exists: true,
        subnets: ['10.89.4.0/24'],
        bridge: 'podman1',
        nameServer: { upstreams: [] },
      },
    ]);
  });

  it.each([
    ['dual', 'dual.json', ['10.89.7.0/24', 'fd00:7::/64'], 'podman2'],
    ['free', 'unmanaged-5.4.2.json', ['10.89.7.0/24', 'fd00:7::/64'], 'br7'],
  ])('reads %s of %s', async (name, file, subnets, bridge) => {
    expect(await read(name, fixture(file))).toMatchObject([{ name, exists: true, subnets, bridge }]);
  });

  it('reads the servers that its name server queries, and a network without a name server', async () => {
    const text = fixture('mustredirect-5.4.2.json');
    const asking = text.replace('"internal"', '"network_dns_servers": ["192.168.50.2"], "internal"');
    expect(await read('mustredirect', asking)).toMatchObject([
      { nameServer: { upstreams: ['192.168.50.2'] } },
    ]);
    expect((await read('labelled', fixture('labelled.json')))[0]).not.toHaveProperty('nameServer');
    await expect(read('mustredirect', asking.replace('50.2', '50.2/24'))).rejects.toThrow(
      'is not an address',
    );
  });

  it('reads a configured MTU', async () => {
    const text = fixture('labelled.json');
    expect(await read('labelled', text)).toMatchObject([{ mtu: 1400 }]);
    const none = text.replace('"mtu": "1400"', '"mtu": "0"');
    expect((await read('labelled', none))[0]).not.toHaveProperty('mtu');
  });

  it('returns networks in the requested order, including missing ones', async () => {
    const files = recordedFiles({ [`${folder}/dual.json`]: fixture('dual.json'), [`${folder}/x.json`]: '{' });
    expect(await podmanNetavark.readNetworks(files, folder, ['new', 'dual'])).toMatchObject([
      { name: 'new', exists: false, subnets: [] },
      { name: 'dual', exists: true },
    ]);
  });

  it.each([
    ['direct', 'has driver macvlan'],
    ['inside', 'is internal'],
  ])('reports why network %s cannot be redirected', async (name, what) => {
    expect(await read(name, fixture(`${name}.json`))).toMatchObject([
      { exists: true, unusable: { what: `/etc/containers/networks/${name}.json ${what}` } },
    ]);
  });

  it('refuses a bridge whose name is unsafe in a command', async () => {
    const text = fixture('dual.json').replace(/"network_interface": "[^"]+"/, '"network_interface": "a*; x"');
    await expect(read('dual', text)).rejects.toThrow(
      'the device name "a*; x" cannot be written into commands',
    );
  });

  it('reports why a file is broken', async () => {
    await expect(read('a', '{"name":"a"}')).rejects.toThrow(
      '/etc/containers/networks/a.json: unexpected content: driver: ',
    );
    await expect(read('a', '')).rejects.toThrow('/etc/containers/networks/a.json: not JSON');
  });
});
