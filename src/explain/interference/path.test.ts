import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../../tests/given/role.ts';
import type { Link } from '../../state/facts.ts';
import type { HostRole, MemberGateway, NodeNetwork } from '../../topology/role.ts';
import { pathsOf } from './path.ts';

const eth0: Link = {
  name: 'eth0',
  index: 2,
  ethernet: true,
  addresses: ['192.168.50.10/24', '2001:db8:50::10/64'],
};
const gre1: Link = { name: 'gre1', index: 3, ethernet: false, addresses: ['172.31.0.2/30'] };
const bridge = (name: string, ...addresses: string[]): Link => ({
  name,
  index: 9,
  ethernet: true,
  type: 'bridge',
  addresses,
});

const web = givenNodeNetwork({ engine: 'podman', nextHops: ['192.168.50.2', '2001:db8:50::2'] });
const found = givenNetwork({ subnets: ['10.89.4.0/24'], bridge: 'br1' });

function role(different: Partial<HostRole>): HostRole {
  return { host: 'here', addresses: [], networks: [], gateways: [], ...different };
}

function described(different: Partial<HostRole>, facts: Parameters<typeof givenFacts>[0]): string[] {
  const { paths, skipped } = pathsOf(role(different), givenFacts(facts));
  const side = ({ device, nextHop = '-' }: { device: string; nextHop?: string }): string =>
    `${device} ${nextHop}`;
  return [
    ...paths.map(
      ({ subject, source, target, inner, outer, protocols }) =>
        `${subject.subject}: ${source} > ${target}, ${side(inner)} > ${side(outer)}, ${protocols.join(' ')}`,
    ),
    ...skipped.map(({ subject, reason }) => `not ${subject?.subject ?? 'any'}: ${reason}`),
  ];
}

describe('paths on a node', () => {
  const links = [eth0, bridge('br1', '10.89.4.1/24', '2001:db8:4::1/64')];

  it('lead from the bridge to the gateway, one for each family', () => {
    const dual = { ...web, subnets: ['10.89.4.0/24', '2001:db8:4::/64'] };
    expect(described({ networks: [dual] }, { links, networks: [found] })).toEqual([
      'network web, IPv4: 10.89.4.254 > 192.0.2.1, br1 - > eth0 192.168.50.2, udp tcp',
      'network web, IPv6: 2001:db8:4:0:ffff:ffff:ffff:fffe > 2001:db8::1, br1 - > eth0 2001:db8:50::2, udp tcp',
    ]);
  });

  it('avoid addresses of containers and nearby subnets', () => {
    const container = { name: 'c', running: true, addresses: ['10.89.4.254'] };
    expect(
      described(
        { networks: [{ ...web, direct: ['192.0.2.0/30'] }] },
        { links, networks: [{ ...found, attached: [container] }] },
      ),
    ).toEqual(['network web, IPv4: 10.89.4.253 > 192.0.2.4, br1 - > eth0 192.168.50.2, udp tcp']);
  });

  it("start in the bridge's subnet, also with a longer or shorter prefix than in the file", () => {
    const source = (prefix: string) =>
      described({ networks: [web] }, { links: [eth0, bridge('br1', prefix)], networks: [found] });
    expect(source('10.89.4.1/25')).toEqual([expect.stringContaining('IPv4: 10.89.4.126 >')]);
    expect(source('10.89.4.1/16')).toEqual([expect.stringContaining('IPv4: 10.89.4.254 >')]);
  });

  const selectors = (...all: { proto?: 'tcp' | 'udp'; to?: string; via: string }[]) => ({
    4: all.map((one, rank) => ({ ...one, rank })),
    6: [],
  });

  it.each<[string, NonNullable<NodeNetwork['routes']>, string[]]>([
    [
      'to one destination',
      { selectors: selectors({ to: '192.0.2.0/24', via: 'mail' }), nextHops: {} },
      ['network web, IPv4: 10.89.4.254 > 198.51.100.1, br1 - > eth0 192.168.50.2, udp tcp'],
    ],
    [
      'for TCP',
      { selectors: selectors({ proto: 'tcp', via: 'mail' }), nextHops: { mail: ['192.168.50.3'] } },
      ['network web, IPv4: 10.89.4.254 > 192.0.2.1, br1 - > eth0 192.168.50.2, udp'],
    ],
    [
      'for all packets',
      { selectors: selectors({ via: 'direct' }), nextHops: {} },
      ['not network web, IPv4: its routes lead elsewhere what no route names'],
    ],
  ])('respect routes %s', (_, routes, expected) => {
    expect(described({ networks: [{ ...web, routes }] }, { links, networks: [found] })).toEqual(expected);
  });

  it.each<[string, Partial<NodeNetwork>, Link[], string[]]>([
    [
      'without a bridge',
      {},
      [eth0],
      ['not network web, IPv4: its bridge is not up, since no container of it runs'],
    ],
    [
      'whose bridge has no port that is up',
      {},
      [eth0, { ...bridge('br1', '10.89.4.1/24'), noCarrier: true }],
      ['not network web, IPv4: its bridge is not up, since no container of it runs'],
    ],
    [
      'with another subnet',
      {},
      [eth0, bridge('br1', '10.1.1.1/24')],
      ['not network web, IPv4: br1 has no address of 10.89.4.0/24'],
    ],
    [
      'without a link',
      { nextHops: ['10.7.7.7'] },
      links,
      ['not network web, IPv4: there is no link to gateway office'],
    ],
    ['that is blocked', { blocked: [4] }, links, []],
  ])('skip a network %s', (_, different, all, expected) => {
    expect(described({ networks: [{ ...web, ...different }] }, { links: all, networks: [found] })).toEqual(
      expected,
    );
  });

  it('are limited to eight, with at least one for each gateway', () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      ...web,
      name: `web${i}`,
      gateway: i < 50 ? 'office' : 'hq',
      nextHops: [i < 50 ? '192.168.50.2' : '192.168.50.3'],
      subnets: [`10.90.${i}.0/24`],
    }));
    const facts = givenFacts({
      links: [
        eth0,
        ...many.map(({ name, subnets }) => bridge(`br-${name}`, subnets[0]?.replace('.0/', '.1/') ?? '')),
      ],
      networks: many.map(({ name, subnets }) => ({ ...found, name, subnets, bridge: `br-${name}` })),
    });
    const { paths, skipped } = pathsOf(role({ networks: many }), facts);
    expect(paths).toHaveLength(8);
    expect(new Set(paths.map(({ outer }) => outer.nextHop)).size).toBe(2);
    expect(skipped).toEqual([]);
  });
});

describe('paths on a gateway', () => {
  const office: MemberGateway = {
    name: 'office',
    uplink: { device: 'gre1' },
    snat: 'masquerade',
    served: [{ network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.20' }],
  };

  it.each<[string, Partial<MemberGateway>, Link[], string]>([
    ['a tunnel', {}, [eth0, gre1], '10.89.4.254 > 192.0.2.1, eth0 192.168.50.20 > gre1 -, udp tcp'],
    [
      'a link with neighbours',
      { uplink: { device: 'gre1', via: ['172.31.0.1'] } },
      [eth0, gre1],
      '10.89.4.254 > 192.0.2.1, eth0 192.168.50.20 > gre1 172.31.0.1, udp tcp',
    ],
  ])('lead to the uplink: %s', (_, different, links, expected) => {
    expect(described({ gateways: [{ ...office, ...different }] }, { links })).toEqual([
      `gateway office, 10.89.4.0/24 of node1: ${expected}`,
    ]);
  });

  it.each<[Link[], string]>([
    [[eth0], 'its uplink gre1 is not up'],
    [[gre1], 'there is no link to node1'],
  ])('are skipped without a link to an end', (links, reason) => {
    expect(described({ gateways: [office] }, { links })).toEqual([
      `not gateway office, 10.89.4.0/24 of node1: ${reason}`,
    ]);
  });
});
