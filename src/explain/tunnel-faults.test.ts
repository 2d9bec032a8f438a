import { describe, expect, it } from 'vitest';
import { recordedFiles } from '../engines/recorded-host.ts';
import type { OuterPath } from '../host/ip/outer-path.ts';
import type { TunnelDevice } from '../host/ip/tunnel-devices.ts';
import { keepalives, largeMtu } from './tunnel-faults.ts';

const gateway = { name: 'office' };
const tunnel: TunnelDevice = {
  device: 'gre1',
  kind: 'gre',
  remote: '198.51.100.1',
  key: 7,
  mtu: 1472,
  sent: { packets: 0, bytes: 0, unrouted: 0, circles: 0 },
  received: { packets: 0, bytes: 0, checksum: 0, sequence: 0 },
};

describe('the MTU of a tunnel', () => {
  it.each<[string, OuterPath, number | undefined]>([
    ['fits', { device: 'eth1', mtu: 1500 }, undefined],
    ['is too large for the route', { device: 'eth1', mtu: 1492 }, 1464],
    ['is too large for a router on the way', { device: 'eth1', mtu: 1500, learnedMtu: 1400 }, 1372],
    ['has no path', { error: 'no route' }, undefined],
  ])('%s', (_, path, fits) => {
    const remedies = largeMtu(gateway, tunnel, path).map(({ remedy }) => remedy);
    expect(remedies).toEqual(
      fits === undefined
        ? []
        : [
            `write \`mtu: ${fits}\` for the uplink, or \`ip link set gre1 mtu ${fits}\` if mustredirect has not made it`,
          ],
    );
  });
});

// Answered in a virtual machine with Linux 6.1 only with accept_local 1 on the device and rp_filter 0 on both.
describe('keepalives that should be answered', () => {
  it.each<[string, Readonly<Record<string, number>>, string | undefined]>([
    ['and are', { 'gre1/accept_local': 1, 'gre1/rp_filter': 0, 'all/rp_filter': 0 }, undefined],
    [
      'and are dropped on the device',
      { 'gre1/accept_local': 1, 'gre1/rp_filter': 2 },
      'net/ipv4/conf/gre1/rp_filter=0',
    ],
    [
      'and are dropped on all devices',
      { 'gre1/accept_local': 1, 'all/rp_filter': 1 },
      'net/ipv4/conf/all/rp_filter=0',
    ],
    [
      'and are dropped on both',
      { 'gre1/accept_local': 1, 'gre1/rp_filter': 1, 'all/rp_filter': 1 },
      'net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/gre1/rp_filter=0',
    ],
    ['by nobody', { 'gre1/rp_filter': 1, 'all/rp_filter': 1 }, undefined],
  ])('%s', async (_, settings, expected) => {
    const files = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`/proc/sys/net/ipv4/conf/${name}`, `${value}\n`]),
    );
    const found = await keepalives(recordedFiles(files), gateway, tunnel);
    expect(found.map(({ remedy }) => /sysctl -w (.*)`/.exec(remedy)?.[1])).toEqual(
      expected === undefined ? [] : [expected],
    );
  });

  it('are of GRE over IPv4 only', async () => {
    const files = recordedFiles({
      '/proc/sys/net/ipv4/conf/sit1/accept_local': '1\n',
      '/proc/sys/net/ipv4/conf/sit1/rp_filter': '1\n',
    });
    expect(await keepalives(files, gateway, { device: 'sit1', kind: 'sit' })).toEqual([]);
  });
});
