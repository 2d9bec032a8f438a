import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeTrace } from './trace.ts';

/** Output of nft 1.0.6 on kernel 6.18 for one packet: UDP, or TCP if the name says so. */
export function traceFixture(name: string): string {
  return readFileSync(new URL(`fixtures/nft-trace/${name}.txt`, import.meta.url), 'utf8');
}

describe('the trace of nft', () => {
  it('has packets, rules and policies', () => {
    const events = decodeTrace(traceFixture('user-chain'));
    expect(events.map(({ kind, chain }) => `${kind} ${chain}`)).toEqual([
      'packet prerouting_begin',
      'rule prerouting_begin',
      'policy prerouting_begin',
      'packet prerouting_end',
      'policy prerouting_end',
      'packet forward_begin',
      'policy forward_begin',
      'packet FORWARD',
      'rule FORWARD',
      'rule MYCHAIN',
    ]);
    expect(events[7]).toMatchObject({
      family: 'ip',
      table: 'filter',
      packet: {
        in: 'br0',
        out: 'eth0',
        source: '10.89.4.254',
        destination: '192.0.2.1',
        protocol: 'udp',
        sourcePort: 20001,
        destinationPort: 443,
      },
    });
    expect(events.slice(8)).toMatchObject([
      { text: 'oifname "eth0" counter packets 0 bytes 0 jump MYCHAIN', verdict: 'jump MYCHAIN' },
      { text: 'ip saddr 10.89.4.0/24 counter packets 0 bytes 0 drop', verdict: 'drop' },
    ]);
  });

  it('has IPv6 and TCP', () => {
    const packets = decodeTrace(traceFixture('reject-last')).flatMap((event) =>
      event.kind === 'packet' && event.chain === 'FORWARD' ? [event.packet] : [],
    );
    expect(packets.map(({ source, protocol }) => `${protocol} ${source}`)).toEqual([
      'udp 10.89.4.254',
      'tcp 10.89.4.254',
      'udp fd04::ffff',
    ]);
  });

  it.each<[string, object]>([
    [
      'reject-last',
      { kind: 'rule', chain: 'FORWARD', text: 'iifname "br0"  counter packets 0 bytes 0 drop' },
    ],
    ['policy', { kind: 'policy', chain: 'FORWARD', verdict: 'drop' }],
    ['mark', { kind: 'policy', chain: 'postrouting_end', verdict: 'accept', mark: 0x99 }],
    ['rule-added', { kind: 'rule', chain: 'pre', text: 'unknown rule handle 6', verdict: 'drop' }],
    ['vmap', { kind: 'rule', text: 'ip saddr @s ip saddr vmap { 192.0.2.1 : drop }', verdict: 'drop' }],
    [
      'fib',
      {
        kind: 'rule',
        text: 'ip saddr 192.0.0.0/16 fib saddr . iif oif missing log prefix "x (verdict drop) " drop comment "strict"',
        verdict: 'drop',
      },
    ],
  ])('ends with the expected event: %s', (name, expected) => {
    expect(decodeTrace(traceFixture(name)).at(-1)).toMatchObject(expected);
  });

  // nft 1.1.x prints more lines for a packet; both are from its source code.
  it('skips unknown and incomplete lines', () => {
    const text =
      'trace id 1 inet t c conntrack: ct direction original ct state new ct id 7\n' +
      'trace id 1 inet t c verdict accept meta mark 0x00000007 \n' +
      'trace id 1 inet t c policy dr';
    expect(decodeTrace(text)).toEqual([
      { id: '1', family: 'inet', table: 't', chain: 'c', kind: 'policy', verdict: 'accept', mark: 7 },
    ]);
  });
});
