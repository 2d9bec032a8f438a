/** Egress of packets of a network with routes: rules, tables, guard and NAT together. */
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

/** Egress of a packet, and its source there. */
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
  ])('a packet to %s leaves by %s', (text, way) => {
    expect(wayOf(fateOf(host.state, { source, ...packet(text) }))).toBe(way);
  });

  it.each(['198.51.100.1 tcp 25', '9.9.9.9 tcp 25', '192.0.2.1 tcp 80', '9.9.9.9'])(
    'a packet to %s leaves by no other egress when one of its rules is missing',
    (text) => {
      const before = wayOf(fateOf(host.state, { source, ...packet(text) }));
      for (const gone of host.state.rules.filter(({ protocol }) => protocol === 136)) {
        const rules = host.state.rules.filter((rule) => rule !== gone);
        const way = wayOf(fateOf({ ...host.state, rules }, { source, ...packet(text) }));
        expect([before, 'stopped by guard', 'stopped by rule', 'stopped by route']).toContain(way);
      }
    },
  );

  it('a gateway of a route gets no other packets, even by a foreign rule', () => {
    // A foreign rule that sends all packets to the table of the route's gateway.
    const mailRule = host.state.rules.find(({ dport }) => dport === '25');
    if (!mailRule) throw new Error('no rule about port 25');
    const everything = { ...mailRule, to: undefined, ipproto: undefined, dport: undefined, preference: 3999 };
    const state = { ...host.state, rules: [everything, ...host.state.rules] };
    expect(wayOf(fateOf(state, { source, ...packet('9.9.9.9 tcp 25') }))).toBe('stopped by guard');
    expect(wayOf(fateOf(state, { source, ...packet('198.51.100.1 tcp 25') }))).toBe(mail);
  });
});

describe('a name server on the gateway', () => {
  const asking = (more: string): string =>
    onNode.replace(/ {4}direct:[^]*?\ngateways/, `    dns: gateway\n${more}gateways`);
  const route = '    routes: [{ proto: udp, via: mail }';
  const question = '192.168.50.2 udp 53';

  it('gets DNS queries, although a route sends all queries to another gateway', async () => {
    host = await hostOf(asking(`${route}]\n`));
    expect(wayOf(fateOf(host.state, { source, ...packet(question) }))).toBe(`192.168.50.2 as ${source}`);
    expect(wayOf(fateOf(host.state, { source, ...packet('9.9.9.9 udp 53') }))).toBe(
      `192.168.50.3 as ${source}`,
    );
  });

  it.each([
    ['a route to its address', `${route}, { to: 192.168.50.2/32, proto: udp, via: mail }]\n`, '192.168.50.3'],
    ['a direct destination', `    direct: [192.168.50.0/24]\n${route}]\n`, '192.168.50.2'],
  ])('gets DNS queries by %s', async (_, more, way) => {
    host = await hostOf(asking(more));
    expect(wayOf(fateOf(host.state, { source, ...packet(question) }))).toBe(`${way} as ${source}`);
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
  ])('a packet to %s leaves by %s', (text, way) => {
    expect(wayOf(fateOf(host.state, { source, ...packet(text) }))).toBe(way);
  });
});

/** Same device for both gateways; one of them also serves another network. */
const onOneUplink = `version: 1
hosts: { here: 192.168.50.10, node2: 192.168.50.11 }
networks:
  web: { engine: external, subnets: { node2: 10.0.0.0/24 }, via: b, routes: [{ proto: tcp, ports: 81, via: c }] }
  post: { engine: external, subnets: { node2: 10.9.0.0/24 }, via: c }
gateways:
  b: { members: [{ host: here, uplink: { device: eth1, via: 172.31.1.2 } }], snat: SNAT_B }
  c: { members: [{ host: here, uplink: { device: eth1, via: 172.31.1.2 } }], snat: SNAT_C }
`;

describe('on a host that is both gateways with one device', () => {
  const own = '192.0.2.254';

  it.each([
    ['198.51.100.6', '198.51.100.7', '198.51.100.6', '198.51.100.7'],
    ['none', 'masquerade', source, own],
    ['masquerade', 'none', own, source],
  ])('with snat %s and %s, each packet has the source of its own gateway', async (b, c, asB, asC) => {
    host = await hostOf(onOneUplink.replace('SNAT_B', b).replace('SNAT_C', c));
    const as = (text: string, from = source) => wayOf(fateOf(host.state, { source: from, ...packet(text) }));
    expect(as('9.9.9.9 tcp 80')).toBe(`172.31.1.2 as ${asB}`);
    expect(as('9.9.9.9 tcp 81')).toBe(`172.31.1.2 as ${asC}`);
    expect(as('9.9.9.9 tcp 80', '10.9.0.5')).toBe(`172.31.1.2 as ${c === 'none' ? '10.9.0.5' : asC}`);
    // Between redirected subnets, neither routes nor gateways apply.
    expect(as('10.9.0.5 tcp 81')).toBe(`192.168.50.11 as ${source}`);
  });
});
