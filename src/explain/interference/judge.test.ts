import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeTrace } from '../../host/nft/trace.ts';
import type { ProbePacket } from './flow.ts';
import { type Outcome, isFinal, judge } from './judge.ts';

const table = 'mustredirect_probe_1';

const out: ProbePacket = {
  protocol: 'udp',
  source: '10.89.4.254',
  sourcePort: 20001,
  destination: '192.0.2.1',
  destinationPort: 443,
};
const back: ProbePacket = {
  protocol: 'udp',
  source: '192.0.2.1',
  sourcePort: 443,
  destination: '10.89.4.254',
  destinationPort: 20001,
};

function judged(name: string, probePacket: ProbePacket): Outcome {
  const file = new URL(`../../host/nft/fixtures/nft-trace/${name}.txt`, import.meta.url);
  return judge(decodeTrace(readFileSync(file, 'utf8')), table, probePacket);
}

/** Trace up to a chain, as when iptables-legacy drops the packet after that line. */
function cutAfter(name: string, chain: string): Outcome {
  const file = new URL(`../../host/nft/fixtures/nft-trace/${name}.txt`, import.meta.url);
  const lines = readFileSync(file, 'utf8').split('\n');
  const last = lines.findLastIndex((line) => line.includes(` ${chain} policy accept`));
  return judge(decodeTrace(`${lines.slice(0, last + 1).join('\n')}\n`), table, out);
}

describe('judge', () => {
  it.each<[string, ProbePacket, object]>([
    [
      'reject-last',
      out,
      {
        kind: 'dropped',
        by: {
          family: 'ip',
          table: 'filter',
          chain: 'FORWARD',
          base: 'FORWARD',
          hook: 'forward',
          rule: 'counter packets 0 bytes 0 reject',
        },
        verdict: 'drop',
      },
    ],
    ['reject-last', { ...out, protocol: 'tcp' }, { kind: 'dropped', by: { family: 'ip', chain: 'FORWARD' } }],
    [
      'reject-last',
      { ...out, source: 'fd04::ffff', destination: '2001:db8::1' },
      { kind: 'dropped', by: { family: 'ip6', rule: 'iifname "br0"  counter packets 0 bytes 0 drop' } },
    ],
    ['user-chain', out, { kind: 'dropped', by: { chain: 'MYCHAIN', base: 'FORWARD' } }],
    ['rpfilter', back, { kind: 'dropped', by: { table: 'raw', chain: 'PREROUTING', hook: 'prerouting' } }],
    ['fib', back, { kind: 'dropped', by: { table: 'fw', chain: 'pre', hook: 'prerouting' } }],
    ['vmap', back, { kind: 'dropped', by: { rule: 'ip saddr @s ip saddr vmap { 192.0.2.1 : drop }' } }],
    ['rule-added', back, { kind: 'dropped', by: { rule: 'unknown rule handle 6' } }],
    ['mark', out, { kind: 'arrived' }],
    ['mark', { ...out, sourcePort: 20002 }, { kind: 'unseen' }],
    ['mark', back, { kind: 'unseen' }],
  ])('%s', (name, packet, expected) => {
    expect(judged(name, packet)).toMatchObject(expected);
  });

  it('reports a drop by the policy of a chain, without a rule', () => {
    expect(judged('policy', out)).toEqual({
      kind: 'dropped',
      by: { family: 'ip', table: 'filter', chain: 'FORWARD', base: 'FORWARD', hook: 'forward' },
      verdict: 'drop',
    });
  });

  it.each([
    ['prerouting_begin', 'prerouting'],
    ['prerouting_end', 'routing'],
    ['forward_begin', 'forward'],
  ] as const)('reports a packet lost after %s', (chain, where) => {
    const outcome = cutAfter('mark', chain);
    expect(outcome).toMatchObject({ kind: 'lost', where });
    expect(isFinal(outcome)).toBe(false);
  });

  it('reports a lost packet with the fwmark of a foreign rule', () => {
    expect(cutAfter('mark', 'prerouting_end')).toMatchObject({
      mark: 0x99,
      marked: { table: 'mangle', chain: 'PREROUTING' },
    });
  });

  const stopped = (chain: string): string => `trace id ID inet ${table} ${chain} rule drop (verdict drop)\n`;

  it('reports a packet diverted by a fwmark, which our own table dropped', () => {
    const outcome = judgedUntil('mark', 'forward_begin packet', stopped('out'), out);
    expect(outcome).toMatchObject({ kind: 'diverted', mark: 0x99, marked: { chain: 'PREROUTING' } });
    expect(outcome).not.toHaveProperty('translated');
  });

  it('reports a packet diverted by a changed destination', () => {
    const packet = { ...out, sourcePort: 20009 };
    const outcome = judged('dnat', packet);
    expect(outcome).toMatchObject({ kind: 'arrived', packet: { destination: '192.168.50.77' } });
    const end = `trace id ID inet ${table} forward_begin rule drop (verdict drop)\n`;
    expect(judgedUntil('dnat', 'forward_begin packet', end, packet)).toMatchObject({
      kind: 'diverted',
      to: { destination: '192.168.50.77' },
      translated: { table: 'nat', chain: 'PREROUTING' },
    });
  });

  it('reports a rule whose target nft omits', () => {
    const file = new URL('../../host/nft/fixtures/nft-trace/dnat.txt', import.meta.url);
    const text = readFileSync(file, 'utf8').replace('dnat to 192.168.50.77', '');
    const lines = text.split('\n');
    const cut = lines.slice(0, lines.findIndex((line) => line.includes('forward_begin packet')) + 1);
    const id = /^trace id (\w+)/.exec(text)?.[1] ?? '';
    cut.push(`trace id ${id} inet ${table} forward_begin rule drop (verdict drop)`, '');
    expect(judge(decodeTrace(cut.join('\n')), table, { ...out, sourcePort: 20009 })).toMatchObject({
      kind: 'diverted',
      translated: { table: 'nat', chain: 'PREROUTING' },
    });
  });

  it('reports a reply as arrived when the probe table drops it at its last chain', () => {
    const first = 'trace id a1 inet mustredirect_probe_1 ';
    const packet =
      'packet: iif "eth0" ip saddr 192.0.2.1 ip daddr 10.89.4.254 ip protocol udp udp sport 443 udp dport 20001 \n';
    const trace = [
      `${first}prerouting_begin ${packet}`,
      `${first}prerouting_end policy accept \n`,
      `${first}postrouting_end ${packet}`,
      `${first}postrouting_end rule drop (verdict drop)\n`,
    ].join('');
    expect(judge(decodeTrace(trace), table, back)).toMatchObject({ kind: 'arrived' });
  });
});

/** Trace up to a line, followed by another end, in which `ID` stands for the id of the packet. */
function judgedUntil(name: string, part: string, end: string, packet: ProbePacket): Outcome {
  const file = new URL(`../../host/nft/fixtures/nft-trace/${name}.txt`, import.meta.url);
  const lines = readFileSync(file, 'utf8').split('\n');
  const last = lines.findIndex((line) => line.includes(part));
  const id = /^trace id (\w+)/.exec(lines[last] ?? '')?.[1] ?? '';
  return judge(
    decodeTrace(`${lines.slice(0, last + 1).join('\n')}\n${end.replace('ID', id)}`),
    table,
    packet,
  );
}
