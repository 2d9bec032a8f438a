/** Which way packets of a network with routes go: rules, tables, guard and NAT together. */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseSpec } from '../src/spec/parse.ts';
import type { Spec } from '../src/spec/spec.ts';
import type { FakeHost } from './fake-host/fake-host.ts';
import { type Fate, type Sent, fateOf } from './fake-host/packet.ts';
import { newHost, targetOf } from './property/host.ts';
import { applyTo } from './scenario/play.ts';

const onNode = `version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2, gw2: 192.168.50.3 }
networks:
  web:
    engine: external
    subnets: { here: 10.0.0.0/24 }
    via: office
    direct: [192.0.2.0/24]
    routes:
      - { to: 198.51.100.0/24, proto: tcp, ports: [25, "8000-8100"], via: mail }
      - { to: 198.51.100.7/32, via: direct }
      - { to: 198.51.100.8/32, via: office }
      - { to: 192.0.2.0/25, via: mail }
      - { proto: udp, ports: 53, via: direct }
gateways:
  office: { members: [{ host: gw1, uplink: { device: gre1 } }] }
  mail: { members: [{ host: gw2, uplink: { device: gre1 } }] }
`;
const onMember = `version: 1
hosts: { here: 192.168.50.10, node2: 192.168.50.11 }
networks:
  web:
    engine: external
    subnets: { node2: 10.0.0.0/24 }
    via: office
    routes:
      - { to: 198.51.100.0/24, proto: tcp, ports: 25, via: mail }
      - { proto: icmp, via: mail }
      - { to: 198.51.100.8/32, via: office }
gateways:
  office: { members: [{ host: here, uplink: { device: gre1 } }], snat: none }
  mail: { members: [{ host: here, uplink: { device: eth1, via: 172.31.1.2 } }], snat: 203.0.113.7 }
`;

const source = '10.0.0.5';
type Packet = Omit<Sent, 'source'>;

const packet = (text: string): Packet => {
  const [destination = '', protocol = 'icmp', port] = text.split(' ');
  return { destination, protocol: protocol as Packet['protocol'], port: port ? Number(port) : undefined };
};

async function hostOf(text: string): Promise<FakeHost> {
  const parsed = parseSpec(text);
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  const host = newHost();
  await apply(host, parsed.spec);
  return host;
}

async function apply(host: FakeHost, spec: Spec): Promise<void> {
  expect((await applyTo(targetOf(host, spec))).desired.refusals).toEqual([]);
}

/** Where a packet goes, and whose address it has there. */
function wayOf(fate: Fate): string {
  if (fate.kind !== 'leaves') return fate.kind === 'stopped' ? `stopped by ${fate.by}` : fate.kind;
  return `${fate.nextHop} as ${fate.source}`;
}

let host: FakeHost;

describe('on a node', () => {
  const [office, mail, router] = ['192.168.50.2', '192.168.50.3', '192.168.50.1'].map(
    (hop) => `${hop} as ${source}`,
  );

  beforeEach(async () => {
    host = await hostOf(onNode);
  });

  it.each([
    ['9.9.9.9', office],
    ['9.9.9.9 tcp 25', office],
    ['198.51.100.1', office],
    ['198.51.100.1 tcp 25', mail],
    ['198.51.100.1 udp 25', office],
    ['198.51.100.1 tcp 24', office],
    ['198.51.100.1 tcp 8100', mail],
    ['198.51.100.1 tcp 8101', office],
    ['198.51.100.7 tcp 25', router],
    ['198.51.100.8 tcp 25', office],
    ['192.0.2.1 tcp 80', mail],
    ['192.0.2.200 tcp 80', router],
    ['9.9.9.9 udp 53', router],
    ['9.9.9.9 tcp 53', office],
    ['198.51.100.1 udp 53', router],
  ])('what goes to %s leaves by %s', (text, way) => {
    expect(wayOf(fateOf(host.state, { source, ...packet(text) }))).toBe(way);
  });

  it.each(['198.51.100.1 tcp 25', '9.9.9.9 tcp 25', '192.0.2.1 tcp 80', '9.9.9.9'])(
    'what goes to %s leaves by no other way when its rules are gone',
    (text) => {
      const before = wayOf(fateOf(host.state, { source, ...packet(text) }));
      for (const gone of host.state.rules.filter(({ protocol }) => protocol === 136)) {
        const rules = host.state.rules.filter((rule) => rule !== gone);
        const way = wayOf(fateOf({ ...host.state, rules }, { source, ...packet(text) }));
        expect([before, 'stopped by guard', 'stopped by rule', 'stopped by route']).toContain(way);
      }
    },
  );

  it('a route’s gateway gets nothing else, whoever sends it there', () => {
    // A rule of somebody else that sends everything to the other gateway's table.
    const mailRule = host.state.rules.find(({ dport }) => dport === '25');
    if (!mailRule) throw new Error('no rule about port 25');
    const everything = { ...mailRule, to: undefined, ipproto: undefined, dport: undefined, preference: 3999 };
    const state = { ...host.state, rules: [everything, ...host.state.rules] };
    expect(wayOf(fateOf(state, { source, ...packet('9.9.9.9 tcp 25') }))).toBe('stopped by guard');
    expect(wayOf(fateOf(state, { source, ...packet('198.51.100.1 tcp 25') }))).toBe(mail);
  });
});

describe('on a host that is both gateways', () => {
  beforeEach(async () => {
    host = await hostOf(onMember);
  });

  it.each([
    ['9.9.9.9 tcp 25', '9.9.9.9 as 10.0.0.5'],
    ['9.9.9.9', '172.31.1.2 as 203.0.113.7'],
    ['198.51.100.1 tcp 25', '172.31.1.2 as 203.0.113.7'],
    ['198.51.100.1 udp 25', '198.51.100.1 as 10.0.0.5'],
    ['198.51.100.8', '198.51.100.8 as 10.0.0.5'],
  ])('what goes to %s leaves by %s', (text, way) => {
    expect(wayOf(fateOf(host.state, { source, ...packet(text) }))).toBe(way);
  });
});
