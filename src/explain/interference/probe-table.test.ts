import { describe, expect, it } from 'vitest';
import type { Path } from './path.ts';
import { traceChains, tableCommands } from './probe-table.ts';

const path: Path = {
  subject: { subject: 'network web, IPv4', family: 4 },
  family: 4,
  subnet: '10.89.4.0/24',
  source: '10.89.4.254',
  target: '192.0.2.1',
  inner: { device: 'br0' },
  outer: { device: 'eth0', nextHop: '192.168.50.2' },
  keepsSource: true,
  protocols: ['udp'],
};

describe('tableCommands', () => {
  it('creates a table that its program owns, and that traces and confines only probe packets', () => {
    const text = tableCommands('t', [{ path, protocol: 'udp', direction: 'out', port: 20_001 }]);
    expect(text).not.toContain('\n');
    const commands = text.split('; ').filter((command) => !command.includes('type filter hook'));
    expect(commands.filter((command) => command !== '}')).toEqual([
      'add table inet t { flags owner',
      'add chain inet t out',
      'add chain inet t back',
      'add rule inet t prerouting_begin ip daddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 20001-20001 meta nftrace set 1',
      'add rule inet t prerouting_begin ip saddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 443 meta nftrace set 1',
      'add rule inet t input_begin ip saddr { 10.89.4.254 } meta l4proto { tcp, udp } th sport 20001-20001 drop',
      'add rule inet t input_begin ip saddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 443 drop',
      'add rule inet t forward_begin ip saddr { 10.89.4.254 } meta l4proto { tcp, udp } th sport 20001-20001 ip daddr != { 192.0.2.1 } drop',
      'add rule inet t forward_begin ip daddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 20001-20001 jump out',
      'add rule inet t forward_begin ip saddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 443 jump back',
      'add rule inet t forward_begin ct state related ct original ip daddr { 192.0.2.1 } drop',
      'add rule inet t postrouting_end ip saddr { 192.0.2.1 } meta l4proto { tcp, udp } th sport 443 drop',
      'add rule inet t out ip saddr 10.89.4.254 th sport 20001 oifname != "eth0" drop',
      'add rule inet t out ip saddr 10.89.4.254 th sport 20001 rt ip nexthop != 192.168.50.2 drop',
      'add rule inet t back ip daddr 10.89.4.254 oifname != "br0" drop',
      'add rule inet t postrouting_source ct direction original ct original ip daddr 192.0.2.1 ct original ip saddr 10.89.4.254 ip saddr != 10.89.4.254 drop',
    ]);
  });

  it('puts the first chain before raw, and the egress check before our own guard', () => {
    const priority = (name: string): number => traceChains.find(({ chain }) => chain === name)?.priority ?? 0;
    expect(priority('prerouting_begin')).toBeLessThan(-300);
    expect(priority('forward_begin')).toBeLessThan(-1);
    expect(priority('postrouting_source')).toBeLessThan(110);
  });
});
