import { describe, expect, it } from 'vitest';
import { recordedHost } from '../../engines/recorded-host.ts';
import type { Output } from '../ports.ts';
import { encapsulationOf } from './encapsulations.ts';
import { readOuterPath } from './outer-path.ts';
import { readTunnelDevices } from './tunnel-devices.ts';

const show = (device: string): string => `ip -j -d -s -s link show dev ${device}`;

// Linux 6.1, iproute2 6.1: a far end with checksums, and an MTU that is too large for the path.
const gre1 = `[{"ifindex":10,"link":null,"ifname":"gre1","flags":["POINTOPOINT","NOARP","UP","LOWER_UP"],"mtu":1472,"qdisc":"noqueue","operstate":"UNKNOWN","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"gre","address":"192.0.2.1","link_pointtopoint":true,"broadcast":"198.51.100.1","promiscuity":0,"allmulti":0,"min_mtu":0,"max_mtu":0,"linkinfo":{"info_kind":"gre","info_data":{"remote":"198.51.100.1","local":"192.0.2.1","ttl":64,"pmtudisc":true,"ikey":"0.0.0.7","okey":"0.0.0.7"}},"inet6_addr_gen_mode":"eui64","num_tx_queues":1,"num_rx_queues":1,"stats64":{"rx":{"bytes":336,"packets":5,"errors":2,"dropped":0,"over_errors":0,"multicast":0,"length_errors":0,"crc_errors":2,"frame_errors":0,"fifo_errors":0,"missed_errors":0},"tx":{"bytes":5396,"packets":16,"errors":1,"dropped":0,"carrier_errors":0,"collisions":0,"aborted_errors":0,"fifo_errors":0,"window_errors":0,"heartbeat_errors":0,"carrier_changes":0}}}]`;

function tunnel(kind: string, data: object): string {
  const none = { packets: 0, bytes: 0 };
  const info = { info_kind: kind, info_data: data };
  return JSON.stringify([{ ifname: 'tun1', mtu: 1480, linkinfo: info, stats64: { rx: none, tx: none } }]);
}

describe('readTunnelDevices', () => {
  it('reads ends and counters', async () => {
    const { exec } = recordedHost({ outputs: { [show('gre1')]: gre1 } });
    expect(await readTunnelDevices(exec, ['gre1', 'gre1'])).toEqual([
      {
        device: 'gre1',
        kind: 'gre',
        local: '192.0.2.1',
        remote: '198.51.100.1',
        key: 7,
        mtu: 1472,
        sent: { packets: 16, bytes: 5396, unrouted: 0, circles: 0 },
        received: { packets: 5, bytes: 336, checksum: 2, sequence: 0 },
      },
    ]);
  });

  it.each([
    ['without a local end', 'ipip', { remote: '192.0.2.2', local: 'any' }, 1],
    ['without a remote end', 'gre', { remote: 'any', local: '192.0.2.1' }, 0],
    ['of IPIP', 'ipip', { remote: '192.0.2.2', local: '192.0.2.1' }, 1],
    ['of another kind', 'vti', { remote: '192.0.2.2', local: '192.0.2.1' }, 0],
    ['that is no tunnel', 'bridge', {}, 0],
  ])('a device %s', async (_, kind, data, length) => {
    const { exec } = recordedHost({ outputs: { [show('tun1')]: tunnel(kind, data) } });
    expect(await readTunnelDevices(exec, ['tun1'])).toHaveLength(length);
  });

  it('leaves out a device that is gone', async () => {
    const gone = { exitCode: 1, stdout: '', stderr: 'Device "gre1" does not exist.' };
    expect(
      await readTunnelDevices(recordedHost({ outputs: { [show('gre1')]: gone } }).exec, ['gre1']),
    ).toEqual([]);
  });
});

describe('encapsulationOf', () => {
  it.each([
    ['gre', '192.0.2.2', undefined, 24],
    ['gre', '192.0.2.2', 0, 28],
    ['ip6gre', '2001:db8::2', 7, 48],
    ['sit', '192.0.2.2', undefined, 20],
    ['wireguard', '192.0.2.2', undefined, 60],
    ['wireguard', '2001:db8::2', undefined, 80],
  ] as const)('%s to %s with key %s adds %i bytes', (kind, remote, key, overhead) => {
    expect(encapsulationOf({ kind, remote, ...(key === undefined ? {} : { key }) }).overhead).toBe(overhead);
  });
});

describe('the path to the far end', () => {
  const [local, remote] = ['192.0.2.1', '198.51.100.1'];
  const from = `ip -j route get ${remote} from ${local}`;
  const any = `ip -j route get ${remote}`;
  const inTable = `ip -j route get fibmatch ${remote}`;
  const route = { dst: remote, gateway: '192.0.2.2', dev: 'eth1', flags: [], cache: [] };
  const found = { device: 'eth1', via: '192.0.2.2', source: local };
  const eth1 = { name: 'eth1', index: 2, ethernet: true, mtu: 1500, addresses: ['192.0.2.1/30'] };
  const none = { exitCode: 2, stdout: '', stderr: 'RTNETLINK answers: Network is unreachable' };
  it.each([
    ['is by a next hop', { [from]: [route] }, [eth1], { ...found, mtu: 1500 }],
    [
      'is to a neighbour',
      { [from]: [{ dst: remote, dev: 'eth1' }] },
      [eth1],
      { device: 'eth1', source: local, mtu: 1500 },
    ],
    ['has an MTU', { [from]: [{ ...route, metrics: [{ mtu: 1492 }] }] }, [eth1], { ...found, mtu: 1492 }],
    [
      'has an MTU that a router has told',
      { [from]: [{ ...route, metrics: [{ mtu: 1400 }], expires: 598 }], [inTable]: [route] },
      [eth1],
      { ...found, mtu: 1500, learnedMtu: 1400 },
    ],
    [
      'is the tunnel',
      { [from]: [{ dst: remote, dev: 'gre1' }] },
      [eth1],
      { error: `the route to ${remote} leads through the tunnel itself` },
    ],
    [
      'starts at no address of this host',
      { [from]: none },
      [],
      { error: `${local}, where the tunnel starts, is not an address of this host` },
    ],
    ['is not there', { [from]: none, [any]: none }, [eth1], { error: `no route to ${remote}` }],
    [
      'is not there for this source',
      { [from]: none, [any]: [route] },
      [eth1],
      { error: `no route to ${remote} for packets from ${local}` },
    ],
  ])('%s', async (_, outputs, links, expected) => {
    const lines = Object.entries<object>(outputs).map(([line, output]): [string, string | Output] => [
      line,
      'stdout' in output ? (output as Output) : JSON.stringify(output),
    ]);
    const { exec } = recordedHost({ outputs: Object.fromEntries(lines) });
    expect(await readOuterPath(exec, { device: 'gre1', local, remote }, links)).toEqual(expected);
  });
});
