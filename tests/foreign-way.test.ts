/** Foreign rule to a default route without a next hop: the next hop of a packet is its destination. */
import { describe, expect, it } from 'vitest';
import { parseSpec } from '../src/spec/parse.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { type Fate, type Sent, fateOf } from './fake-host/packet.ts';
import type { FakeState } from './fake-host/state.ts';
import { newHost, targetOf } from './property/host.ts';
import { applyTo } from './scenario/play.ts';

const onNode = `version: 1
hosts: { here: [192.168.50.10, "2001:db8:4::c0a8:320a"], gw1: [192.168.50.2, "2001:db8:4::c0a8:3202"] }
networks:
  web: { engine: external, subnets: { here: [10.1.0.0/25, "2001:db8:4::a01:0/121"] }, via: office }
  post: { engine: external, subnets: { here: [10.2.0.0/24] }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: gre1 } }] }
`;
const onMember = `version: 1
hosts: { here: 192.168.50.10, node2: 192.168.50.11, node3: 192.168.50.12 }
networks:
  web: { engine: external, subnets: { node2: 10.0.0.0/24, node3: 10.9.0.0/24 }, via: office }
gateways:
  office: { members: [{ host: here, uplink: { device: eth1, via: 172.31.1.2 } }] }
`;

async function hostOf(text: string): Promise<FakeHost> {
  const parsed = parseSpec(text);
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  const host = newHost();
  expect((await applyTo(targetOf(host, parsed.spec))).desired.refusals).toEqual([]);
  return host;
}

/** @param way default route in the table of a foreign rule with preference 100 */
function diverted(state: FakeState, family: 4 | 6, way: { device: string; via?: string }): FakeState {
  const rule = { family, preference: 100, action: { kind: 'lookup', table: 77 } as const, protocol: 0 };
  const route = {
    family,
    type: 'unicast',
    table: 77,
    destination: 'default',
    metric: 0,
    protocol: 3,
  } as const;
  const link = { name: 'tun9', up: true, addresses: [], pointToPoint: true };
  return {
    ...state,
    links: [...state.links, link],
    rules: [state.rules[0], rule, ...state.rules.slice(1)].flatMap((one) => one ?? []),
    routes: [...state.routes, { ...route, ...way }],
  };
}

function wayOf(fate: Fate): string {
  return fate.kind === 'leaves'
    ? `leaves by ${fate.device}`
    : `stopped by ${fate.kind === 'stopped' ? fate.by : ''}`;
}

describe('a foreign rule to a default route out of tun9', () => {
  it.each<[string, Sent & { readonly family: 4 | 6 }]>([
    ['the gateway’s own address', { family: 4, source: '10.1.0.5', destination: '192.168.50.2' }],
    [
      'the gateway’s own address of IPv6',
      { family: 6, source: '2001:db8:4::a01:5', destination: '2001:db8:4::c0a8:3202' },
    ],
    ['another redirected subnet', { family: 4, source: '10.1.0.5', destination: '10.2.0.5' }],
    ['the same subnet', { family: 4, source: '10.1.0.5', destination: '10.1.0.6' }],
    ['the outside', { family: 4, source: '10.1.0.5', destination: '9.9.9.9' }],
  ])('diverts no packet on a node to %s', async (_, { family, ...sent }) => {
    const { state } = await hostOf(onNode);
    const ingress = 'br0';
    // Control: without our table, the packet is diverted.
    const open = { ...diverted(state, family, { device: 'tun9' }), nft: undefined, policies: [] };
    expect(wayOf(fateOf(open, { ...sent, ingress }))).toBe('leaves by tun9');
    expect(wayOf(fateOf(diverted(state, family, { device: 'tun9' }), { ...sent, ingress }))).toBe(
      'stopped by guard',
    );
  });

  it.each([
    ['the next hop of the uplink', '172.31.1.2'],
    ['a subnet of another node', '10.9.0.5'],
    ['a node', '192.168.50.12'],
  ])('diverts no packet on a gateway to %s', async (_, destination) => {
    const { state } = await hostOf(onMember);
    const sent = { source: '10.0.0.5', destination };
    expect(wayOf(fateOf(diverted(state, 4, { device: 'tun9' }), sent))).toBe('stopped by guard');
  });

  it('cannot move packets to a subnet away from its node on a gateway', async () => {
    const { state } = await hostOf(onMember);
    const sent = { source: '10.0.0.5', destination: '10.9.0.5' };
    expect(wayOf(fateOf(state, sent))).toBe('leaves by eth0');
    const way = (via: string) => wayOf(fateOf(diverted(state, 4, { device: 'eth0', via }), sent));
    expect(way('192.168.50.12')).toBe('leaves by eth0');
    expect(way('192.168.50.11')).toBe('stopped by guard');
  });
});
