import { describe, expect, it } from 'vitest';
import { objectText } from '../plan/compare.ts';
import type { HostObject } from '../kinds/index.ts';
import { parseOwned } from './owned-object.ts';

/** Objects with all properties that their kind may have. */
const objects: readonly HostObject[] = [
  {
    kind: 'rule',
    family: 4,
    preference: 4061,
    from: '10.89.4.0/24',
    to: '198.51.100.0/24',
    fwmark: { value: 1, mask: 3 },
    device: 'eth0',
    protocol: 6,
    ports: [25, 26],
    action: { kind: 'lookup', table: 2185, suppress: 0 },
  },
  {
    kind: 'route',
    family: 6,
    table: 2184,
    destination: 'default',
    metric: 1024,
    target: { kind: 'unicast', via: 'fe80::1', device: 'eth0' },
  },
  {
    kind: 'tunnel',
    device: 'gre1',
    type: 'gre',
    local: '192.0.2.1',
    remote: '198.51.100.1',
    key: 7,
    ttl: 64,
    mtu: 1472,
    addresses: ['172.31.0.1/30', '2001:db8:31::1/64'],
    down: true,
  },
  { kind: 'routing-daemon', config: 'router id 192.168.50.2;\n', stopped: true },
  { kind: 'xfrm-policy', family: 4, from: '0.0.0.0/0', bit: 128 },
  {
    kind: 'iptables-rule',
    family: 4,
    table: 'raw',
    chain: 'PREROUTING',
    args: ['-s', '10.89.4.0/24', '-j', 'ACCEPT'],
    late: true,
  },
  {
    kind: 'nft-set',
    name: 'steer4',
    exact: true,
    dynamic: true,
    verdicts: true,
    type: ['ipv4_addr'],
    counted: false,
    elements: ['10.89.4.0/24 : goto to4_office'],
    foreign: ['flags dynamic'],
  },
  {
    kind: 'nft-chain',
    name: 'output',
    hook: { type: 'route', hook: 'output', priority: -145, policy: 'drop' },
    rules: ['accept'],
    foreign: ['{"log":null}'],
  },
];

describe('an object in the journal', () => {
  it.each(objects)('is decoded unchanged: $kind', (object) => {
    expect(parseOwned(objectText(object))).toEqual(object);
  });

  it.each([
    { kind: 'sysctl', name: '../../etc/passwd', value: '1' },
    { kind: 'sysctl', name: 'net.ipv4.ip_forward', value: '1', alongside: { 'net.ipv4.conf/../../x': '1' } },
    { kind: 'engine-network', engine: 'podman', name: '--all', subnets: [] },
    {
      kind: 'engine-masquerade',
      engine: 'podman',
      network: 'web',
      file: '/etc/cni/net.d/../../shadow.conflist',
      setting: 'ipMasq',
      enabled: false,
    },
    {
      kind: 'engine-masquerade',
      engine: 'podman',
      network: '../web',
      file: '/etc/cni/net.d/web.conflist',
      setting: 'ipMasq',
      enabled: false,
    },
  ])('is refused when one of its names leads elsewhere: $kind', (object) => {
    expect(() => parseOwned(JSON.stringify(object))).toThrow(/not a /);
  });
});
