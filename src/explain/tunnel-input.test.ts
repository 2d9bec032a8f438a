import { describe, expect, it } from 'vitest';
import { filterChains } from '../host/nft/forward-rule.ts';
import type { TunnelDevice } from '../host/ip/tunnel-devices.ts';
import { droppedByInput } from './tunnel-input.ts';

const gre: TunnelDevice = {
  device: 'gre1',
  kind: 'gre',
  local: '192.0.2.1',
  remote: '198.51.100.1',
  mtu: 1476,
  sent: { packets: 0, bytes: 0, unrouted: 0, circles: 0 },
  received: { packets: 0, bytes: 0, checksum: 0, sequence: 0 },
};
const path = { device: 'eth1', via: '192.0.2.2', mtu: 1500 };

function findings(rules: readonly string[], tunnel = gre, table = ['inet', 'fw', 'input']) {
  const [family = '', name = '', chain = ''] = table;
  const lines = ['type filter hook input priority filter; policy drop;', ...rules];
  const text = `table ${family} ${name} {\n\tchain ${chain} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`;
  return droppedByInput({ name: 'office' }, tunnel, path, [
    { family, table: name, chain, chains: filterChains(text) },
  ]);
}

const usual = [
  'iifname "lo" accept',
  'ct state invalid drop',
  'tcp dport { 22, 443 } accept',
  'udp dport 51820 counter packets 4 bytes 300 accept',
  'icmp type echo-request accept',
  'meta l4proto { icmp, ipv6-icmp } accept',
];
const replies = 'ct state established,related accept';

describe('an input chain with policy drop', () => {
  it.each<[string, string[], 'dropped' | 'replies' | 'accepted']>([
    ['without a rule for the tunnel', usual, 'dropped'],
    ['that accepts replies', [...usual, replies], 'replies'],
    ['that accepts the protocol by name', [...usual, replies, 'meta l4proto gre accept'], 'accepted'],
    ['that accepts the protocol by number', [...usual, 'ip protocol 47 accept'], 'accepted'],
    ['that accepts all but TCP', [...usual, 'meta l4proto != tcp accept'], 'accepted'],
    ['that accepts the far end', [...usual, 'ip saddr 198.51.100.0/24 accept'], 'accepted'],
    ['that accepts another sender', [...usual, 'ip saddr 203.0.113.0/24 accept'], 'dropped'],
    ['that accepts the link', [...usual, 'iifname "eth1" accept'], 'accepted'],
    ['that accepts another link', [...usual, 'iifname "eth0" accept'], 'dropped'],
    ['with a rule that is not understood', [...usual, 'meta l4proto hopopt accept'], 'accepted'],
  ])('%s', (_, rules, expected) => {
    const [found] = findings(rules);
    const how = found?.problem.includes('only as replies') ? 'replies' : found ? 'dropped' : 'accepted';
    expect(how).toBe(expected);
  });

  it.each([
    [
      gre,
      ['inet', 'fw', 'input'],
      '`nft insert rule inet fw input ip saddr 198.51.100.1 meta l4proto 47 accept`',
    ],
    [gre, ['ip', 'filter', 'INPUT'], '`iptables -I INPUT -s 198.51.100.1 -p 47 -j ACCEPT`'],
    [
      { ...gre, kind: 'sit' as const },
      ['ip', 'fw', 'input'],
      '`nft insert rule ip fw input ip saddr 198.51.100.1 meta l4proto { 4, 41 } accept`',
    ],
    [
      { ...gre, kind: 'ip6gre' as const, local: '2001:db8::1', remote: '2001:db8::2' },
      ['ip6', 'filter', 'INPUT'],
      '`ip6tables -I INPUT -s 2001:db8::2 -p 47 -j ACCEPT`',
    ],
  ])('of %j in %j has a remedy', (tunnel, table, remedy) => {
    expect(findings([], tunnel, table)[0]?.remedy).toBe(`accept them there: ${remedy}`);
  });

  it('of the other family does not see the tunnel', () => {
    expect(findings([], gre, ['ip6', 'filter', 'INPUT'])).toEqual([]);
  });
});
