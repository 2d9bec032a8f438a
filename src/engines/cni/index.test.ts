import { describe, expect, it } from 'vitest';
import { recordedHost } from '../recorded-host.ts';
import { createCni } from './index.ts';

const cni = createCni({});
const bridge = {
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', subnet: '10.89.4.0/24' },
};
const list = JSON.stringify({ cniVersion: '0.4.0', name: 'web', plugins: [bridge, { type: 'portmap' }] });
const single = JSON.stringify({ cniVersion: '0.3.1', name: 'web', ...bridge, bridge: 'cni1' }, null, 2);

function read(files: Readonly<Record<string, string>>, ...names: string[]) {
  const asked = names.map((name) => ({ name, subnets: ['10.89.4.0/24'] }));
  return cni.readNetworks(recordedHost({ files }), asked);
}

describe('cni', () => {
  it('finds a network by the name inside its file and reads its attachments from host-local', async () => {
    const files = {
      '/etc/cni/net.d/10-any.conflist': list,
      '/sys/class/net/cni0/brif/veth1': '',
      '/sys/class/net/cni0/brif/veth2': '',
      '/var/lib/cni/networks/web/10.89.4.2': '0123456789abcdef\r\neth0',
      '/var/lib/cni/networks/web/10.89.4.3': 'second',
      '/var/lib/cni/networks/web/fd00:4::2': '0123456789abcdef\r\neth0',
      '/var/lib/cni/networks/web/last_reserved_ip.0': '10.89.4.3',
      '/var/lib/cni/networks/web/lock': '',
    };
    expect(await read(files, 'web')).toEqual([
      {
        engine: 'cni',
        name: 'web',
        backend: 'cni',
        exists: true,
        subnets: ['10.89.4.0/24'],
        bridge: 'cni0',
        masquerade: { file: '/etc/cni/net.d/10-any.conflist', setting: 'ipMasq', enabled: true },
        attached: [
          { name: '0123456789ab', running: true, addresses: ['10.89.4.2', 'fd00:4::2'] },
          { name: 'second', running: true, addresses: ['10.89.4.3'] },
        ],
      },
    ]);
  });

  it('ignores host-local files when the bridge has no port', async () => {
    const files = {
      '/etc/cni/net.d/web.conflist': list,
      '/var/lib/cni/networks/web/10.89.4.2': 'gone\r\neth0',
    };
    expect(await read(files, 'web')).toMatchObject([{ attached: [] }]);
  });

  it('lists bridge ports when host-local has no files, and obeys dataDir', async () => {
    const ports = { '/sys/class/net/cni0/brif/veth2': '', '/sys/class/net/cni0/brif/veth1': '' };
    const text = list.replace('"subnet"', '"dataDir":"/run/ipam","subnet"');
    const files = { '/etc/cni/net.d/web.conflist': text, ...ports };
    expect(await read(files, 'web')).toMatchObject([
      { attached: [{ name: 'the one at veth1' }, { name: 'the one at veth2' }] },
    ]);
    const known = { ...files, '/run/ipam/web/10.89.4.9': 'ninth' };
    expect(await read(known, 'web')).toMatchObject([{ attached: [{ name: 'ninth' }] }]);
  });

  it('reads a file with a single plugin as a list of one, after the lists', async () => {
    const conf = { '/etc/cni/net.d/05-web.conf': single };
    expect(await read(conf, 'web')).toMatchObject([
      { exists: true, bridge: 'cni1', masquerade: { file: '/etc/cni/net.d/05-web.conf', enabled: true } },
    ]);
    const both = { ...conf, '/etc/cni/net.d/10-web.conflist': list };
    expect(await read(both, 'web')).toMatchObject([{ bridge: 'cni0' }]);
    expect(cni.editMasquerade(single, 'web', false)).toBe(
      single.replace('"ipMasq": true', '"ipMasq": false'),
    );
  });

  it('reports a missing network, and neither creates nor removes networks', async () => {
    const [found] = await read({}, 'web');
    expect(found).toMatchObject({
      exists: false,
      missing: { what: 'no file in /etc/cni/net.d has a network of that name' },
    });
    expect(cni.createCommand({ name: 'web', subnets: [] })).toBeUndefined();
    expect(cni.removeCommand('web')).toBeUndefined();
    expect(cni.inspectCommand('web')).toBeUndefined();
    expect(cni.attachedCommand('web')?.at(-1)).toBe('/var/lib/cni/networks/web');
    expect(await read({})).toEqual([]);
  });

  it('reads the folder in NETCONFPATH', async () => {
    const host = recordedHost({ files: { '/srv/cni/web.conflist': list } });
    const asked = [{ name: 'web', subnets: [] }];
    const there = createCni({ NETCONFPATH: '/srv/cni' });
    expect(await there.readNetworks(host, asked)).toMatchObject([{ exists: true }]);
  });

  it.each([
    // Packets of macvlan bypass this host; the subnet may be that of one of its links.
    ['"type":"bridge"', '"type":"macvlan"', 'has 0 bridge plugins (macvlan, portmap)', 0],
    ['"type":"bridge"', '"type":"ptp"', 'has 0 bridge plugins (ptp, portmap)', 1],
    ['"isGateway":true', '"isGateway":false', 'is internal: its isGateway is false', 1],
  ])('reports why a network is unusable when %s becomes %s', async (was, is, what, subnets) => {
    const files = { '/etc/cni/net.d/web.conflist': list.replace(was, is) };
    const [found] = await read(files, 'web');
    expect(found).toMatchObject({ exists: true, unusable: { what: `/etc/cni/net.d/web.conflist ${what}` } });
    expect(found?.subnets).toHaveLength(subnets);
  });
});
