import { describe, expect, it } from 'vitest';
import { recordedHost } from '../engines/recorded-host.ts';
import { readTunnelFacts } from './tunnels.ts';

const uplink = {
  device: 'gre1',
  tunnel: { type: 'gre', local: '192.0.2.1', remote: '2001:db8::1', ttl: 64 },
} as const;
const role = { gateways: [{ name: 'office', uplink, snat: 'none', served: [] }] } as const;

describe('the route to the far end', () => {
  const { remote } = uplink.tunnel;
  const get = `ip -j route get ${remote}`;
  const inTable = `ip -j route get fibmatch ${remote}`;
  const route = { dst: remote, dev: 'eth1' };
  it.each([
    ['has no MTU', { [get]: [route] }, { device: 'eth1' }],
    ['has an MTU', { [get]: [{ ...route, metrics: [{ mtu: 1492 }] }] }, { device: 'eth1', mtu: 1492 }],
    [
      'has no MTU that the kernel forgets again',
      { [get]: [{ ...route, metrics: [{ mtu: 1400 }], expires: 598 }], [inTable]: [route] },
      { device: 'eth1' },
    ],
    [
      'keeps its own MTU',
      {
        [get]: [{ ...route, metrics: [{ mtu: 1400 }], expires: 598 }],
        [inTable]: [{ ...route, metrics: [{ mtu: 1492 }] }],
      },
      { device: 'eth1', mtu: 1492 },
    ],
  ])('%s', async (_, outputs, expected) => {
    const lines = Object.entries(outputs).map(([line, rows]) => [line, JSON.stringify(rows)]);
    const host = recordedHost({ outputs: Object.fromEntries(lines) as Record<string, string> });
    expect((await readTunnelFacts(host, role)).outerRoutes).toEqual({ [remote]: expected });
  });
});
