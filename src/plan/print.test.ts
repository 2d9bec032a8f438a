import { describe, expect, it } from 'vitest';
import type { HostObject } from '../kinds/index.ts';
import { printChange } from './print.ts';

const set = (elements: readonly string[]): HostObject => ({
  kind: 'nft-set',
  name: 'redirected4',
  type: ['ipv4_addr'],
  counted: false,
  elements,
});
const many = Array.from({ length: 7 }, (_, i) => `10.${i}.0.0/16`);
const route = (via: string): HostObject => ({
  kind: 'route',
  family: 4,
  table: 2184,
  destination: 'default',
  metric: 0,
  target: { kind: 'unicast', via, device: 'eth0' },
});
const masquerade = (enabled: boolean): HostObject => ({
  kind: 'engine-masquerade',
  engine: 'podman',
  network: 'web',
  file: '/etc/cni/net.d/web.conflist',
  setting: 'ipMasq',
  enabled,
});

describe('a line of the plan', () => {
  it.each<[HostObject, string]>([
    [set(['10.0.0.0/16']), 'nft set redirected4: 10.0.0.0/16'],
    [set(many), 'nft set redirected4: 7 elements'],
    [{ kind: 'nft-chain', name: 'guard', rules: ['drop'] }, 'nft chain guard: 1 rule'],
    [route('192.168.50.2'), 'route in table 2184: default via 192.168.50.2 dev eth0'],
    [
      {
        kind: 'rule',
        family: 4,
        preference: 4000,
        fwmark: { value: 16, mask: 16 },
        action: { kind: 'goto', preference: 4999 },
      },
      'rule 4000: fwmark 0x10/0x10 goto 4999',
    ],
    [{ kind: 'rule', family: 4, preference: 4999, action: { kind: 'nop' } }, 'rule 4999: from all nop'],
    [
      { kind: 'engine-network', engine: 'podman', name: 'web', subnets: ['10.0.0.0/16'], mtu: 1476 },
      'podman network web: 10.0.0.0/16, mtu 1476',
    ],
  ])('adds %j', (to, text) => {
    expect(printChange({ kind: 'add', to, why: 'a reason' })).toEqual({ sign: '+', text, why: 'a reason' });
    expect(printChange({ kind: 'remove', from: to })).toEqual({
      sign: '-',
      text,
      why: 'no longer needed',
    });
  });

  it.each<[HostObject, HostObject, string]>([
    [
      set(['10.0.0.0/16', '10.1.0.0/16']),
      set(['10.1.0.0/16', '10.2.0.0/16']),
      'nft set redirected4: with 10.2.0.0/16, without 10.0.0.0/16',
    ],
    [set([]), set(many), 'nft set redirected4: with 7 elements'],
    [
      route('192.168.50.2'),
      route('192.168.50.3'),
      'route in table 2184: default via 192.168.50.3 dev eth0 (was default via 192.168.50.2 dev eth0)',
    ],
    [masquerade(true), masquerade(false), '/etc/cni/net.d/web.conflist: ipMasq: false (was true)'],
  ])('changes %j to %j', (from, to, text) => {
    expect(printChange({ kind: 'change', from, to, why: 'a reason' })).toEqual({
      sign: '~',
      text,
      why: 'a reason',
    });
  });
});
