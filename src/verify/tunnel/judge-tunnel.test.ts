import { describe, expect, it } from 'vitest';
import type { CapturedPacket } from '../probe/captures.ts';
import { judgeTunnel } from './judge-tunnel.ts';
import type { TunnelObservation } from './observation.ts';

const [local, remote, router] = ['192.0.2.1', '198.51.100.1', '192.0.2.2'];
const none = { packets: 0, bytes: 0 };
const tunnel: TunnelObservation['tunnel'] = {
  device: 'gre1',
  kind: 'gre',
  local,
  remote,
  key: 7,
  mtu: 1472,
  sent: { ...none, unrouted: 0, circles: 0 },
  received: { ...none, checksum: 0, sequence: 0 },
};

const { key: _key, ...unkeyed } = { ...tunnel, kind: 'sit' as const };

function packet(more: Partial<CapturedPacket>): CapturedPacket {
  return {
    link: 'eth1',
    direction: 'in',
    protocol: 47,
    source: remote,
    destination: local,
    ttl: 63,
    length: 328,
    ...more,
  };
}

const inside = { link: 'gre1', protocol: 'icmp', length: 300 } as const;
const request = packet({
  ...inside,
  direction: 'out',
  source: '172.31.0.1',
  destination: '172.31.0.2',
  icmpType: 8,
});
const answer = packet({ ...inside, source: '172.31.0.2', destination: '172.31.0.1', icmpType: 0 });
const sent = packet({ direction: 'out', source: local, destination: remote, key: 7 });
const arrived = packet({ key: 7 });

function icmp(type: number, code: number, source = remote): CapturedPacket {
  return packet({ protocol: 'icmp', source, icmpType: type, length: 200, error: { code, about: remote } });
}

function judge(packets: readonly CapturedPacket[], more: Partial<TunnelObservation> = {}) {
  const { ok, evidence, remedy } = judgeTunnel({
    tunnel,
    path: { device: 'eth1', via: router, source: local, mtu: 1500 },
    target: { address: '172.31.0.2', isFarEnd: true },
    length: 300,
    reply: undefined,
    outside: undefined,
    packets,
    lost: 0,
    refused: 0,
    filtered: 0,
    now: 1000,
    neighbours: [],
    ...more,
  });
  return [ok, remedy === undefined ? evidence : `${evidence}; ${remedy}`];
}

describe('a tunnel by which nothing comes back', () => {
  const needs = 'it needs local 198.51.100.1, remote 192.0.2.1, key 7';
  it.each<[string, readonly CapturedPacket[], Partial<TunnelObservation>, string]>([
    [
      'nothing leaves inside',
      [],
      {},
      'this end: no packet left by gre1; a firewall of this host may drop it',
    ],
    [
      'nothing leaves outside',
      [request],
      {},
      'this end: no GRE packet left by eth1; a firewall of this host may drop protocol 47 to 198.51.100.1',
    ],
    [
      'the next hop is silent',
      [request],
      { neighbours: [{ dst: router, dev: 'eth1', state: ['FAILED'] }] },
      'the underlay: 192.0.2.2 does not answer on eth1, so no GRE packet leaves; bring 192.0.2.2 up, or correct the route to 198.51.100.1',
    ],
    [
      'nothing comes back, and the far end answers outside',
      [request, sent, sent],
      { outside: 4.2 },
      `2 GRE packets left by eth1 to 198.51.100.1, and none came back; the far end: 198.51.100.1 answers a ping outside of the tunnel, so its tunnel is wrong or a firewall drops GRE (protocol 47); ${needs}`,
    ],
    [
      'nothing comes back at all',
      [request, sent],
      {},
      `1 GRE packet left by eth1 to 198.51.100.1, and none came back; the far end: 198.51.100.1 does not answer a ping outside of the tunnel either (many hosts do not): it is down, or drops GRE; ${needs}`,
    ],
    [
      'the far end refuses',
      [request, sent, icmp(3, 3)],
      {},
      `the far end: 198.51.100.1 is there and refuses GRE from 192.0.2.1: it has no tunnel that is up with these ends and key; ${needs}`,
    ],
    [
      'the kernel of the far end has no GRE',
      [request, sent, icmp(3, 2)],
      { tunnel: { ...tunnel, kind: 'gre' } },
      `the far end: 198.51.100.1 is there and refuses GRE from 192.0.2.1: it has no tunnel that is up with these ends and key; ${needs}`,
    ],
    [
      'a firewall refuses',
      [request, sent, icmp(3, 13, '203.0.113.1')],
      {},
      'a firewall at 203.0.113.1 refuses GRE to 198.51.100.1; let it pass there',
    ],
    [
      'a router has no route',
      [request, sent, icmp(3, 1, router)],
      {},
      'the underlay: 192.0.2.2 has no way to 198.51.100.1 (ICMP type 3 code 1); repair the route there, or correct `remote:`',
    ],
    [
      'an error is about another packet',
      [request, sent, packet({ protocol: 'icmp', icmpType: 3, error: { code: 3, about: '203.0.113.9' } })],
      { outside: 1 },
      `1 GRE packet left by eth1 to 198.51.100.1, and none came back; the far end: 198.51.100.1 answers a ping outside of the tunnel, so its tunnel is wrong or a firewall drops GRE (protocol 47); ${needs}`,
    ],
    [
      'the far end has another key',
      [request, sent, icmp(3, 3), packet({ key: 9 })],
      {},
      'the keys differ: 198.51.100.1 sends GRE with key 9, and this end has key 7; give both ends the same key',
    ],
    [
      'the far end has no key',
      [request, sent, packet({})],
      {},
      'the keys differ: 198.51.100.1 sends GRE with no key, and this end has key 7; give both ends the same key',
    ],
    [
      'the far end sends from another address',
      [request, sent, packet({ source: '198.51.100.9', key: 7 })],
      {},
      'GRE from 198.51.100.9 arrives, and this end takes only what comes from 198.51.100.1; correct `remote:`, or the local address at the far end',
    ],
    [
      'a firewall drops what arrives',
      [request, sent, arrived],
      {},
      'this end: GRE packets from 198.51.100.1 arrive on eth1, and gre1 does not get them: a firewall of this host drops protocol 47 from 198.51.100.1; accept it in its input chain',
    ],
    [
      'rp_filter drops what arrives',
      [request, sent, packet({ key: 7, link: 'eth2' })],
      { filtered: 3 },
      'this end: GRE packets from 198.51.100.1 arrive on eth2, and gre1 does not get them: rp_filter on eth2 drops them, because the route to 198.51.100.1 leads elsewhere; `sysctl -w net/ipv4/conf/eth2/rp_filter=2` lets them in',
    ],
    [
      'the device refuses what arrives',
      [request, sent, arrived],
      { refused: 3 },
      'this end: GRE packets from 198.51.100.1 arrive on eth1, and gre1 does not get them; let both ends use checksums and sequence numbers of GRE, or none of them',
    ],
    [
      'an unkeyed IP-in-IP tunnel',
      [
        request,
        packet({ direction: 'out', source: local, destination: remote, protocol: 4, length: 320 }),
        icmp(3, 3),
      ],
      { tunnel: unkeyed },
      'the far end: 198.51.100.1 is there and refuses IP-in-IP from 192.0.2.1: it has no tunnel that is up with these ends and key; it needs local 198.51.100.1, remote 192.0.2.1',
    ],
  ])('%s', (_, packets, more, evidence) => {
    expect(judge(packets, more)).toEqual([false, evidence]);
  });
});

describe('a tunnel of WireGuard', () => {
  const wireguard = { port: 51820, publicKey: 'OURS' };
  const own = { ...unkeyed, kind: 'wireguard', wireguard } as const;
  const out = packet({
    direction: 'out',
    source: local,
    destination: remote,
    protocol: 'udp',
    destinationPort: 51820,
    length: 176,
  });
  const back = packet({ protocol: 'udp', sourcePort: 51820, length: 120 });
  const needs =
    "it needs UDP port 51820, the key whose public half is `peer:`, and this end's public key OURS";
  const fitting =
    "it needs the address 172.31.0.2, a route back, and this end's address of gre1 in its allowed-ips";
  it.each<[string, readonly CapturedPacket[], number | undefined, string]>([
    [
      'nobody answers the handshake',
      [request, out],
      undefined,
      `1 WireGuard packet left by eth1 to 198.51.100.1, and none came back; the far end: 198.51.100.1 does not answer a ping outside of the tunnel either (many hosts do not): it is down, or drops WireGuard; ${needs}`,
    ],
    [
      'the last session is over',
      [request, out],
      700,
      `1 WireGuard packet left by eth1 to 198.51.100.1, and none came back; the far end: 198.51.100.1 does not answer a ping outside of the tunnel either (many hosts do not): it is down, or drops WireGuard; ${needs}`,
    ],
    [
      'nobody listens',
      [request, out, icmp(3, 3)],
      undefined,
      'the far end: 198.51.100.1 is there, and nothing listens on its UDP port 51820; start WireGuard there, or correct `endpoint:`',
    ],
    [
      'the keys fit',
      [request, out, back],
      990,
      `the far end: the keys fit (last handshake 10 s ago), and 172.31.0.2 does not answer through gre1; ${fitting}`,
    ],
    [
      'a firewall drops what arrives',
      [request, out, back],
      undefined,
      'this end: WireGuard packets from 198.51.100.1 arrive on eth1, and gre1 does not get them: a firewall of this host drops UDP port 51820 from 198.51.100.1; accept it in its input chain',
    ],
    [
      'nothing leaves',
      [request],
      undefined,
      'this end: no WireGuard packet left by eth1; a firewall of this host may drop UDP port 51820 to 198.51.100.1',
    ],
  ])('%s', (_, packets, handshake, evidence) => {
    const state = { ...wireguard, ...(handshake === undefined ? {} : { handshake }) };
    expect(judge(packets, { tunnel: { ...own, wireguard: state } })).toEqual([false, evidence]);
  });
});

describe('a tunnel over IPv6', () => {
  const [from, to] = ['2001:db8::1', '2001:db8::2'];
  const six = { ...tunnel, kind: 'ip6gre', local: from, remote: to } as const;
  it.each([
    ['port unreachable', 1, 4, /^the far end: 2001:db8::2 is there and refuses GRE/],
    ['unknown protocol', 4, 1, /^the far end: 2001:db8::2 is there and refuses GRE/],
    ['prohibited', 1, 1, /^a firewall at 2001:db8::2 refuses GRE/],
    ['no route', 1, 0, /^the underlay: 2001:db8::2 has no way/],
    ['too big', 2, 0, /^1 GRE packet left by eth1 to 2001:db8::2, and none came back/],
  ])('%s', (_, icmpType, code, expected) => {
    const ends = { source: from, destination: to };
    const out = packet({ ...ends, direction: 'out', key: 7, length: 348 });
    const error = packet({
      protocol: 'icmp',
      source: to,
      destination: from,
      icmpType,
      error: { code, about: to },
    });
    expect(judge([request, out, error], { tunnel: six })[1]).toMatch(expected);
  });
});

describe('a tunnel that is right, or is not known to be wrong', () => {
  it.each<[string, readonly CapturedPacket[], Partial<TunnelObservation>, boolean | string, string]>([
    [
      'answers',
      [request, sent, arrived],
      { reply: 3.5 },
      true,
      'the far end 172.31.0.2 answered through gre1 in 3.5 ms',
    ],
    [
      'has an answer that this host drops',
      [request, sent, arrived, answer],
      { filtered: 1 },
      true,
      'an answer of the far end 172.31.0.2 came in by gre1; this host dropped it, since it was for the host itself',
    ],
    [
      'has nobody to ask',
      [request, sent],
      { target: { address: '203.0.113.1', isFarEnd: false } },
      'not-checked',
      '1 GRE packet left by eth1 to 198.51.100.1, and none came back; nobody was sure to answer: give the tunnel an address of a /30 or /31, or name the far end as `via:`',
    ],
    [
      'has no ping',
      [],
      { reply: 'missing' },
      'not-checked',
      'ICMP not sent (no ping: apt-get install iputils-ping)',
    ],
  ])('%s', (_, packets, more, ok, evidence) => {
    expect(judge(packets, more)).toEqual([ok, evidence]);
  });
});
