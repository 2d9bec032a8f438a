import { describe, expect, it } from 'vitest';
import type { Exec, Output } from '../../host/ports.ts';
import { lookUpRoute } from './look-up-route.ts';

const probePacket = {
  protocol: 'udp',
  source: '10.89.4.254',
  sourcePort: 20_001,
  destination: '192.0.2.1',
  destinationPort: 443,
} as const;

/** Output of `ip -N -j rule show` of iproute2 6.1. */
const rules = `[{"priority":0,"src":"all","table":"255"},
{"priority":96,"src":"all","action":"8","iif":"br9"},
{"priority":97,"src":"10.89.4.0","srclen":24,"iif":"br0","action":"6"},
{"priority":98,"not":null,"src":"1.2.3.4","table":"77"},
{"priority":99,"src":"all","dst":"192.0.2.0","dstlen":24,"table":"78"},
{"priority":100,"src":"10.89.4.0","srclen":24,"table":"77"},
{"priority":101,"src":"all","fwmark":"0x1","fwmask":"0xff","table":"79"},
{"priority":102,"src":"10.1.0.0","srclen":16,"table":"77"},
{"priority":4100,"src":"10.89.4.0","srclen":24,"table":"2184","protocol":"136"},
{"priority":32766,"src":"all","table":"254"},{"priority":32767,"src":"all","table":"253"}]`;

function kernel(get: Partial<Output>): { readonly exec: Exec; readonly asked: string[] } {
  const asked: string[] = [];
  const exec: Exec = {
    run(argv) {
      asked.push(argv.join(' '));
      const output = argv.includes('rule') ? { stdout: rules } : get;
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '', ...output });
    },
  };
  return { exec, asked };
}

describe('askRoute', () => {
  it('passes all known fields of the packet to ip route get', async () => {
    const { exec, asked } = kernel({
      stdout: '[{"dst":"192.0.2.1","gateway":"192.168.50.2","dev":"eth0","table":"2184"}]',
    });
    expect(await lookUpRoute(exec, probePacket, 'br0', 0x10)).toEqual({
      text: 'via 192.168.50.2 dev eth0 table 2184',
      failed: false,
      table: 2184,
      rules: [],
    });
    expect(asked[0]).toBe(
      'ip -4 -N -j route get 192.0.2.1 from 10.89.4.254 iif br0 mark 16 ipproto udp sport 20001 dport 443',
    );
  });

  it.each([
    [77, 0, ['98 not from 1.2.3.4 lookup 77', '100 from 10.89.4.0/24 lookup 77']],
    [78, 0, ['99 from all to 192.0.2.0/24 lookup 78']],
    [79, 0x101, ['101 from all fwmark 0x1/0xff lookup 79']],
    [79, 0x102, []],
  ])('names the foreign rules that may lead to table %i', async (table, mark, expected) => {
    const { exec } = kernel({ stdout: `[{"gateway":"192.168.50.77","dev":"eth0","table":"${table}"}]` });
    const { rules: found } = await lookUpRoute(exec, probePacket, 'br0', mark);
    expect(found.map(({ preference, text }) => `${preference} ${text}`)).toEqual(expected);
  });

  it('names the rules without a table that may refuse a packet', async () => {
    const { exec } = kernel({ exitCode: 2, stderr: 'RTNETLINK answers: Invalid argument\n' });
    expect(await lookUpRoute(exec, probePacket, 'br0', 0)).toEqual({
      text: 'Invalid argument',
      failed: true,
      rules: [{ preference: 97, text: 'from 10.89.4.0/24 iif br0 blackhole' }],
    });
  });
});
