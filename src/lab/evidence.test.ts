import { describe, expect, it } from 'vitest';
import type { Packet } from '../host/capture/packet.ts';
import { judge, type Observation } from './evidence.ts';

const packet = (source: string, destination: string): Packet => ({
  protocol: 'icmp',
  source,
  destination,
  ttl: 64,
  length: 84,
});
const internet = '203.0.113.10';

const before: Observation = {
  family: 4,
  containers: ['10.89.4.2'],
  replies: ['isp saw 192.168.50.10'],
  roundTrips: [0.25],
  gatewayLan: [],
  gatewayUplink: [],
  isp: [packet('192.168.50.10', internet), packet(internet, '192.168.50.10')],
};
const after: Observation = {
  family: 4,
  containers: ['10.89.4.2', '10.89.4.3'],
  replies: ['upstream saw 172.31.0.2', 'upstream saw 172.31.0.2'],
  roundTrips: [0.31, 0.3],
  gatewayLan: [packet('10.89.4.3', internet), packet('10.89.4.2', internet), packet(internet, '10.89.4.2')],
  gatewayUplink: [packet('172.31.0.2', internet), packet(internet, '172.31.0.2')],
  isp: [],
};

const wrong = (a: Observation, b: Observation) =>
  judge(a, b)
    .filter((finding) => finding.wrong !== undefined)
    .map((finding) => `${finding.what}: ${finding.wrong}`);

describe('judge', () => {
  it('accepts the expected result', () => {
    expect(judge(before, after)).toMatchObject([
      { before: 'isp saw 192.168.50.10', after: 'upstream saw 172.31.0.2' },
      { before: 'none', after: '10.89.4.2, 10.89.4.3' },
      { before: 'none', after: '172.31.0.2' },
      { before: '2', after: '0' },
      { before: '0.25 ms', after: '0.30 ms' },
    ]);
    expect(wrong(before, after)).toEqual([]);
  });

  it('reports a leak', () => {
    expect(wrong(before, { ...after, isp: before.isp })).toEqual(['packets seen at the isp: after: not 0']);
  });

  it('rejects a capture that saw nothing before apply', () => {
    expect(wrong({ ...before, isp: [] }, after)[0]).toContain('its silence says nothing');
  });

  it('reports a source that was changed on the node', () => {
    const gatewayLan = [packet('192.168.50.10', internet)];
    expect(wrong(before, { ...after, gatewayLan })).toEqual([
      'source seen at the gateway: after: not 10.89.4.2, 10.89.4.3',
    ]);
  });

  it('reports a container without replies', () => {
    const unanswered = { ...after, replies: ['upstream saw 172.31.0.2', 'no answer'], roundTrips: [0.3] };
    expect(wrong(before, unanswered)).toEqual([
      'answer to the container: after: not upstream saw 172.31.0.2',
      'round trip, shortest: a container had no answer to its pings',
    ]);
  });

  it('judges IPv6 by its own addresses', () => {
    const there = '2001:db8:113::10';
    const six: Observation = {
      family: 6,
      containers: ['2001:db8:89:4::2'],
      replies: ['isp saw 2001:db8:50::10'],
      roundTrips: [0.2],
      gatewayLan: [],
      gatewayUplink: [],
      isp: [packet('2001:db8:50::10', there)],
    };
    const redirected: Observation = {
      ...six,
      replies: ['upstream saw 2001:db8:31::2'],
      gatewayLan: [packet('2001:db8:89:4::2', there)],
      gatewayUplink: [packet('2001:db8:31::2', there)],
      isp: [],
    };
    expect(wrong(six, redirected)).toEqual([]);
    expect(wrong(six, { ...redirected, isp: six.isp })).toEqual(['packets seen at the isp: after: not 0']);
  });
});
