import { describe, expect, it } from 'vitest';
import { tunnelFilter } from './capture-filter.ts';

const four = { local: '192.0.2.1', remote: '198.51.100.1' };
const echo = { target: '172.31.0.2', length: 300 };

describe('tunnelFilter', () => {
  it('matches the echo request inside and outside, errors, and packets that the device does not take', () => {
    const tunnel = { kind: 'gre', ...four, key: 7 } as const;
    const other = { remote: '198.51.100.9' };
    expect(tunnelFilter(tunnel, four.local, echo, [tunnel, other]).split(' or (')).toEqual([
      '((host 198.51.100.1 and (ip proto 47) and (ip[2:2] >= 328 and ip[2:2] <= 344))',
      'dst host 192.0.2.1 and (ip proto 47) and not (src host 198.51.100.1 and ip[20:2] & 8192 != 0 and ip[24:4] = 7) and not (src host 198.51.100.9 and ip[20:2] & 8192 = 0))',
      'dst host 192.0.2.1 and (icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12))',
      'host 172.31.0.2 and (ip[2:2] >= 300 and ip[2:2] <= 300)))',
    ]);
  });

  it('matches handshakes of WireGuard, which come before the echo request', () => {
    const tunnel = { kind: 'wireguard', ...four, wireguard: { port: 51820 } } as const;
    expect(tunnelFilter(tunnel, four.local, echo, [tunnel]).split(' or (dst')[0]).toBe(
      '((host 198.51.100.1 and udp port 51820 and ((ip[2:2] >= 360 and ip[2:2] <= 376) or (ip[2:2] >= 176 and ip[2:2] <= 176) or (ip[2:2] >= 120 and ip[2:2] <= 120) or (ip[2:2] >= 92 and ip[2:2] <= 92)))',
    );
  });

  it('tells packets over IPv6 by their bytes, which pcap has no names for', () => {
    const tunnel = { kind: 'ip6tnl', local: '2001:db8::1', remote: '2001:db8::2' } as const;
    const protocols = [4, 41].map((one) => `(ip6[6] = ${one} or (ip6[6] = 60 and ip6[40] = ${one}))`);
    expect(tunnelFilter(tunnel, tunnel.local, echo, [tunnel]).split(' or (dst')[0]).toBe(
      `((host 2001:db8::2 and (${protocols.join(' or ')}) and (ip6[4:2] >= 300 and ip6[4:2] <= 316))`,
    );
  });
});
