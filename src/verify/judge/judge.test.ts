import { describe, expect, it } from 'vitest';
import type { Link } from '../../state/facts.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import { judge } from './judge.ts';
import type { Expectation, Observation } from '../probe/observation.ts';

const [gatewayMac, ispMac] = ['46:5b:c9:e1:d8:75', '5a:c0:f9:78:35:21'];
const probe = {
  source: '10.89.4.5',
  target: '192.0.2.1',
  udpPort: 33434,
  tcpPort: 443,
  localPort: 20001,
  size: 100,
};
const expectation: Expectation = {
  egresses: [{ link: 'eth0', nextHop: '192.168.50.2' }],
  egressName: 'gateway office',
  problems: [],
  obstacles: [],
  sources: ['10.89.4.5'],
  replyExpected: false,
};

type Where = Pick<CapturedPacket, 'link' | 'direction'> & Partial<CapturedPacket>;

function threePackets(where: Where): CapturedPacket[] {
  const at = { source: '10.89.4.5', destination: '192.0.2.1', ttl: 63, ...where };
  return [
    { protocol: 'udp', sourcePort: 20001, destinationPort: 33434, length: 128, ...at },
    { protocol: 'tcp', sourcePort: 20001, destinationPort: 443, length: 60, ...at },
    { protocol: 'icmp', icmpType: 8, length: 128, ...at },
  ];
}

const entering = threePackets({ link: 'podman1', direction: 'in' });
const leaving = threePackets({ link: 'eth0', direction: 'out', toMac: gatewayMac });

function link(name: string, more: Partial<Link> = {}): Link {
  return { name, index: 1, ethernet: true, addresses: [], ...more };
}

function observe(packets: readonly CapturedPacket[], more: Partial<Observation> = {}): Observation {
  return {
    probe,
    packets,
    lost: 0,
    links: ['lo', 'eth0', 'eth1', 'podman1'].map((name) => link(name, { ethernet: name !== 'lo' })),
    neighbours: [
      { dst: '192.168.50.2', dev: 'eth0', lladdr: gatewayMac, state: ['REACHABLE'] },
      { dst: '192.168.50.1', dev: 'eth0', lladdr: ispMac, state: ['STALE'] },
    ],
    replies: [],
    ping: undefined,
    ...more,
  };
}

function summary(expected: Expectation, observation: Observation): string[] {
  return judge(expected, observation).map(({ check, ok, evidence }) => `${check} ${ok}: ${evidence}`);
}

describe('judge', () => {
  it('passes when all packets leave by the gateway with their own address', () => {
    expect(summary(expectation, observe([...entering, ...leaving]))).toEqual([
      'path true: UDP, TCP and ICMP left by eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75): gateway office',
      'source true: 10.89.4.5 as it left this host',
      'elsewhere true: no probe packet left by eth1; all came in by podman1',
      'reach not-checked: give --to ADDRESS[:PORT] to see answers',
    ]);
  });

  it('reports a wrong neighbour on the right link, and a source address set by NAT', () => {
    const leak = threePackets({ link: 'eth0', direction: 'out', toMac: ispMac, source: '192.168.50.10' });
    expect(summary(expectation, observe([...entering, ...leak])).slice(0, 3)).toEqual([
      'path false: left by eth0 to 192.168.50.1 (5a:c0:f9:78:35:21); gateway office is 192.168.50.2 on eth0',
      'source false: 192.168.50.10 as it left this host; 10.89.4.5 was expected',
      'elsewhere false: probe packets: 3 left by eth0 to 192.168.50.1 (5a:c0:f9:78:35:21)',
    ]);
  });

  it('reports a single packet of one protocol on another link', () => {
    const leak = threePackets({ link: 'eth1', direction: 'out' }).slice(1, 2);
    const checks = summary(expectation, observe([...entering, ...leaving, ...leak]));
    expect(checks[0]).toBe('path false: left by eth1; gateway office is 192.168.50.2 on eth0');
    expect(checks[2]).toBe('elsewhere false: probe packets: 1 left by eth1');
  });

  it('names the protocol that did not leave', () => {
    const checks = summary(expectation, observe([...entering, ...leaving.slice(0, 2)]));
    expect(checks[0]).toBe('path false: ICMP did not leave that way; gateway office is 192.168.50.2 on eth0');
  });

  it('skips ICMP when ping is missing', () => {
    const checks = summary(expectation, observe([...entering, ...leaving.slice(0, 2)], { ping: 'missing' }));
    expect(checks[0]).toMatch(/^path true: UDP and TCP left .*; ICMP not sent \(no ping/);
  });

  it('reports why packets did not leave', () => {
    const unresolved = [{ dst: '192.168.50.2', dev: 'eth0', state: ['FAILED'] }];
    const closed = { ...expectation, obstacles: ['net.ipv4.conf.all.forwarding is 0'] };
    expect(summary(closed, observe(entering, { neighbours: unresolved })).slice(0, 3)).toEqual([
      'path false: came in by podman1, and nothing left this host; 192.168.50.2 does not answer on eth0;' +
        ' net.ipv4.conf.all.forwarding is 0; gateway office is 192.168.50.2 on eth0',
      'source not-checked: nothing left',
      'elsewhere true: no probe packet left by eth1; all came in by podman1',
    ]);
  });

  it('is inconclusive when captures saw no packets or lost some', () => {
    expect(summary(expectation, observe([]))[2]).toBe(
      'elsewhere not-checked: the captures did not see UDP, TCP and ICMP come in',
    );
    expect(summary(expectation, observe([...entering, ...leaving], { lost: 2 }))[2]).toMatch(
      /^elsewhere not-checked: the captures lost 2 packets/,
    );
  });

  it('expects blocked packets to come in and not to leave', () => {
    const closed = 'the file blocks IPv6';
    const expected = { ...expectation, egresses: [], egressName: 'nowhere', closed, sources: closed };
    expect(summary(expected, observe(entering))).toEqual([
      'path true: came in by podman1, and nothing left this host: the file blocks IPv6',
      'source not-checked: nothing left',
      'elsewhere true: no probe packet left by eth0, eth1; all came in by podman1',
      'reach not-checked: the file blocks IPv6',
    ]);
    expect(summary(expected, observe([...entering, ...leaving])).slice(0, 3)).toEqual([
      'path false: left by eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75); the file blocks IPv6',
      'source not-checked: 10.89.4.5; the file blocks IPv6',
      'elsewhere false: probe packets: 3 left by eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75)',
    ]);
    expect(summary(expected, observe(entering.slice(0, 1)))[0]).toBe(
      'path not-checked: the captures did not see TCP and ICMP come in; the file blocks IPv6',
    );
  });

  it('fails without a route to the gateway', () => {
    const nowhere = { ...expectation, egresses: [], problems: ['no route to 192.168.50.2'] };
    expect(summary(nowhere, observe([...entering, ...leaving]))[0]).toBe(
      'path false: left by eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75); there is no route to gateway office;' +
        ' no route to 192.168.50.2',
    );
  });

  it('ignores neighbours on a point-to-point link', () => {
    const expected = { ...expectation, egresses: [{ link: 'gre1' }], sources: ['172.31.0.2'] };
    const left = threePackets({ link: 'gre1', direction: 'out', source: '172.31.0.2' });
    expect(summary(expected, observe([...entering, ...left])).slice(0, 3)).toEqual([
      'path true: UDP, TCP and ICMP left by gre1: gateway office',
      'source true: 172.31.0.2 as it left this host',
      'elsewhere true: no probe packet left by eth0, eth1; all came in by podman1',
    ]);
  });

  it('skips the source of a direct destination, which the host decides', () => {
    const direct = { ...expectation, sources: "192.0.2.1 is direct: the host's own NAT decides" };
    expect(summary(direct, observe([...entering, ...leaving]))[1]).toBe(
      "source not-checked: 10.89.4.5; 192.0.2.1 is direct: the host's own NAT decides",
    );
  });

  it('accepts a copy of a VLAN packet on its parent, and reports an additional one as a leak', () => {
    const links = [link('eth0'), link('eth0.7', { parent: 'eth0' })];
    const neighbours = [{ dst: '192.168.50.2', dev: 'eth0.7', lladdr: gatewayMac, state: ['REACHABLE'] }];
    const expected = { ...expectation, egresses: [{ link: 'eth0.7', nextHop: '192.168.50.2' }] };
    const left = threePackets({ link: 'eth0.7', direction: 'out', toMac: gatewayMac });
    const echoes = threePackets({ link: 'eth0', direction: 'out' });
    const clean = observe([...entering, ...left, ...echoes], { links, neighbours });
    expect(summary(expected, clean)[2]).toMatch(/^elsewhere true/);
    const leaking = observe([...entering, ...left, ...echoes, ...echoes.slice(0, 1)], { links, neighbours });
    expect(summary(expected, leaking)[2]).toBe('elsewhere false: probe packets: 1 left by eth0');
  });

  it('treats bridge ports like the bridge', () => {
    const links = [link('br0'), link('eth0', { master: 'br0' })];
    const neighbours = [{ dst: '192.168.50.2', dev: 'br0', lladdr: gatewayMac, state: ['REACHABLE'] }];
    const expected = { ...expectation, egresses: [{ link: 'br0', nextHop: '192.168.50.2' }] };
    const left = threePackets({ link: 'br0', direction: 'out', toMac: gatewayMac });
    const onPort = threePackets({ link: 'eth0', direction: 'out' });
    const checks = judge(expected, observe([...entering, ...left, ...onPort], { links, neighbours }));
    expect(checks.slice(0, 3).map(({ ok }) => ok)).toEqual([true, true, true]);
  });
});

describe('reach', () => {
  const replyExpected = { ...expectation, replyExpected: true };
  const udp = { localPort: 20001, protocol: 'udp', sent: true, milliseconds: 0.5 } as const;

  it('counts every reply, refusals included', () => {
    const replies = [{ ...udp, code: 'ECONNREFUSED' }];
    expect(summary(replyExpected, observe([], { replies }))[3]).toBe(
      'reach true: ICMP no answer, TCP 443 no answer, UDP 33434 refused in 0.5 ms',
    );
    expect(summary(replyExpected, observe([], { ping: 0.42 }))[3]).toBe(
      'reach true: ICMP answered in 0.42 ms, TCP 443 no answer, UDP 33434 no answer',
    );
  });

  it('reports an ICMP error from a router as no reply of the target', () => {
    const replies = [{ ...udp, code: 'EHOSTUNREACH' }];
    expect(summary(replyExpected, observe([], { replies, ping: 'missing' }))[3]).toBe(
      'reach false: ICMP not sent (no ping: apt-get install iputils-ping), TCP 443 no answer,' +
        ' UDP 33434 stopped: host unreachable in 0.5 ms',
    );
  });
});
