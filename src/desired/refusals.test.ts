import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import type { Facts, ForeignRoute, Link } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';
import { type Desired, desiredState } from './desired.ts';
import type { NotReady, Refusal } from './redirect.ts';

const node: Partial<HostRole> = {
  networks: [givenNodeNetwork()],
};

const member = (via?: string): Partial<HostRole> => ({
  gateways: [
    {
      name: 'office',
      uplink: { device: 'uplink0', ...(via === undefined ? {} : { via: [via] }) },
      snat: 'none',
      served: [{ network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.11' }],
    },
  ],
});

function refusals(role: Partial<HostRole>, facts: Partial<Facts>): readonly Refusal[] {
  return desired(role, facts).refusals;
}

function desired(role: Partial<HostRole>, facts: Partial<Facts>): Desired {
  const whole = { host: 'here', addresses: [], networks: [], gateways: [], ...role };
  return desiredState(whole, {}, givenFacts(facts));
}

/** Expects no refusals. */
function notReady(role: Partial<HostRole>, facts: Partial<Facts>): readonly NotReady[] {
  expect(messages(role, facts)).toEqual([]);
  return desired(role, facts).notReady;
}

const closed = (role: Partial<HostRole>, facts: Partial<Facts>): string[] =>
  notReady(role, facts).map(({ message }) => message);

const messages = (role: Partial<HostRole>, facts: Partial<Facts>): string[] =>
  refusals(role, facts).map(({ message }) => message);

const link = (name: string, addresses: readonly string[], more: Partial<Link> = {}): Link => ({
  name,
  index: 1,
  ethernet: true,
  addresses,
  ...more,
});
const eth0 = link('eth0', ['192.168.50.10/24']);
const bridge = link('br0', ['10.89.4.1/24'], { type: 'bridge' });

describe('a node', () => {
  it('is ready if its gateway is a neighbour', () => {
    expect(closed(node, { links: [eth0, bridge] })).toEqual([]);
  });

  it('needs a gateway on a connected link', () => {
    const [found] = notReady(node, {
      links: [link('eth0', ['192.168.60.10/24'])],
      foreignRoutes: [],
    });
    expect(found).toEqual({
      what: 'network web',
      family: 4,
      message: 'network web: gateway office at 192.168.50.2 is not on a connected link',
      hint: expect.stringContaining('no tunnel is built; connected here: 192.168.60.10/24 on eth0') as string,
    });
  });

  it('cannot be its own gateway', () => {
    expect(closed(node, { links: [link('eth0', ['192.168.50.10/24', '192.168.50.2/24'])] })).toEqual([
      'network web: gateway office at 192.168.50.2 is this host itself: eth0 has that address',
    ]);
  });

  it('needs a link to its gateway that is up', () => {
    const down = { ...eth0, down: true } as const;
    expect(notReady(node, { links: [down, bridge] })).toEqual([
      {
        what: 'network web',
        family: 4,
        message: 'network web: gateway office at 192.168.50.2 is on eth0, which is down',
        hint: expect.stringContaining('`ip link set eth0 up`') as string,
      },
    ]);
    // Another link leads to the gateway too.
    expect(closed(node, { links: [down, link('eth1', ['192.168.50.20/16'])] })).toEqual([]);
  });

  it.each<[string, ForeignRoute]>([
    ['on its own bridge', { destination: '10.89.4.0/24', device: 'br0' }],
    ['to a wider subnet', { destination: '10.89.0.0/16', via: '192.168.50.7', device: 'eth0' }],
    ['to another subnet', { destination: '10.89.5.0/24', via: '192.168.50.7', device: 'eth0' }],
    ['to one container', { destination: '10.89.4.7/32', device: 'cali1' }],
  ])('may have a route %s', (_, route) => {
    expect(messages(node, { links: [eth0, bridge], foreignRoutes: [route] })).toEqual([]);
  });

  it.each<[string, ForeignRoute]>([
    [
      '10.89.4.0/24 via 192.168.50.7 dev eth0',
      { destination: '10.89.4.0/24', via: '192.168.50.7', device: 'eth0' },
    ],
    ['10.89.4.128/25 dev wg0', { destination: '10.89.4.128/25', device: 'wg0' }],
    ['10.89.4.7/32 via 192.168.50.7', { destination: '10.89.4.7/32', via: '192.168.50.7' }],
  ])('cannot have a route %s', (text, route) => {
    const [refusal, ...more] = refusals(node, { links: [eth0, bridge], foreignRoutes: [route] });
    expect(more).toEqual([]);
    expect(refusal?.message).toBe(
      `network web: 10.89.4.0/24 is routed elsewhere: this host has a route ${text}`,
    );
    expect(refusal?.hint).toContain(`ip route del ${text}`);
  });

  it.each([undefined, 'vlan', 'bond', 'macvlan'])(
    'cannot redirect a subnet of other hosts, on a link of type %s',
    (type) => {
      const lan = link('eth1', ['10.89.4.9/24'], type === undefined ? {} : { type });
      expect(messages(node, { links: [eth0, lan] })).toEqual([
        'network web: 10.89.4.0/24 is the subnet of eth1 (10.89.4.9/24), which leads to other hosts',
      ]);
    },
  );

  it.each([
    ['10.89.4.1/24', 'veth'],
    ['10.89.4.1/24', 'tun'],
    ['10.89.4.1/24', 'openvswitch'],
    ['10.89.4.1/32', 'ipvlan'],
  ])('redirects a container behind %s of type %s', (address, type) => {
    expect(messages(node, { links: [eth0, link('own', [address], { type })] })).toEqual([]);
  });

  it('cannot redirect a part of a bridge’s subnet', () => {
    const links = [eth0, link('br0', ['10.89.4.1/16'], { type: 'bridge' })];
    expect(closed(node, { links })).toEqual([
      'network web: br0 has 10.89.0.0/16, the file says 10.89.4.0/24',
    ]);
    // A bridge with this host's default route leads to other hosts.
    expect(messages(node, { links, defaultHops: [{ via: '10.89.9.9', device: 'br0' }] })).toEqual([
      'network web: br0 has 10.89.4.1/16, the file says 10.89.4.0/24',
      "network web: this host's own default route leaves by its bridge br0",
    ]);
  });
});

describe('a pool that is closed', () => {
  const role = (unlabelled: 'block' | 'leave'): Partial<HostRole> => ({
    pool: { subnets: ['10.89.0.0/16'], unlabelled, gateways: [], reports: [] },
  });
  const lan = link('br9', ['10.0.0.5/24', '10.89.200.2/24'], { type: 'bridge' });
  const port = (type: string): Link => link('port', [], { type, master: 'br9' });
  const route = (via: string): ForeignRoute => ({ destination: '10.8.0.0/24', via, device: 'br9' });

  it.each<[string, Partial<Facts>]>([
    ['a port that is no container’s', { links: [eth0, lan, port('physical')] }],
    ['a router that is no container', { links: [eth0, lan], foreignRoutes: [route('10.0.0.1')] }],
    ['a default route', { links: [eth0, lan], defaultHops: [{ via: '10.0.0.1', device: 'br9' }] }],
  ])('has no bridge with %s', (_, facts) => {
    expect(messages(role('block'), facts)).toEqual([
      'pool 10.89.0.0/16: br9 has 10.89.200.2, and leads to other hosts',
    ]);
    expect(messages(role('leave'), facts)).toEqual([]);
  });

  it('may have a bridge with containers, one of which is a router', () => {
    // Of the other family, whose pool is another one.
    const route6 = { destination: 'fd08::/64', via: 'fd89::9', device: 'br9' };
    const foreignRoutes = [route('10.89.200.9'), route6, { ...route6, via: 'fe80::9' }];
    const pools = {
      subnets: ['10.89.0.0/16', 'fd89::/32'],
      unlabelled: 'block',
      gateways: [],
      reports: [],
    } as const;
    const facts = { links: [eth0, lan, port('veth')], foreignRoutes };
    expect(messages({ pool: pools }, facts)).toEqual([]);
  });
});

describe('rules of other programs', () => {
  const rule = (preference: number) => ({ family: 4 as const, preference, table: 7 });

  it('cannot be among ours', () => {
    const foreignRules = [3999, 4000, 4150, 4999, 5000].map(rule);
    const found = refusals(node, { links: [eth0, bridge], foreignRules });
    expect(found.map(({ message }) => message)).toEqual(
      [4000, 4150, 4999].map(
        (preference) =>
          `rule ${preference} (lookup 7) belongs to another program: the preferences 4000 to 4999 are reserved for mustredirect`,
      ),
    );
    expect(found[0]?.hint).toContain('ip rule show preference 4000');
  });

  it('may have any preference in a family without redirected subnets', () => {
    const foreignRules = [{ ...rule(4100), family: 6 as const }];
    expect(messages(node, { links: [eth0, bridge], foreignRules })).toEqual([]);
  });

  it('are reported with their owner', () => {
    const fwmark = { value: 51820, mask: 0xffffffff };
    const foreignRules = [{ ...rule(4500), fwmark, table: 51820 }];
    expect(messages(node, { links: [eth0, bridge], foreignRules })).toEqual([
      'rule 4500 (fwmark 0xca6c/0xffffffff lookup 51820) belongs to wg-quick: the preferences 4000 to 4999 are reserved for mustredirect',
    ]);
  });

  it('do not prevent removal', () => {
    expect(messages({}, { foreignRules: [rule(4150)] })).toEqual([]);
  });
});

describe('a member', () => {
  const uplink = link('uplink0', ['172.31.0.2/30']);

  it('is ready if uplink and node are reachable', () => {
    expect(closed(member('172.31.0.1'), { links: [eth0, uplink] })).toEqual([]);
    expect(closed(member(), { links: [eth0, link('uplink0', [])] })).toEqual([]);
  });

  it('needs the uplink', () => {
    const [found] = notReady(member(), { links: [eth0] });
    expect(found).toEqual({
      what: 'gateway office',
      message: 'gateway office: no device uplink0 on this host',
      hint: expect.stringContaining('there are eth0') as string,
    });
  });

  it('needs an uplink that is up', () => {
    expect(closed(member('172.31.0.1'), { links: [eth0, { ...uplink, down: true }] })).toEqual([
      'gateway office: its uplink uplink0 is down',
    ]);
  });

  it('needs the next hop on the uplink', () => {
    expect(closed(member('172.31.9.1'), { links: [eth0, uplink] })).toEqual([
      'gateway office: its next hop 172.31.9.1 is not on uplink0, which has 172.31.0.2/30',
    ]);
    const foreignRoutes = [{ destination: '172.31.9.1/32', device: 'uplink0' }];
    expect(closed(member('172.31.9.1'), { links: [eth0, uplink], foreignRoutes })).toEqual([]);
  });

  it('needs a link to the node that is up', () => {
    expect(closed(member(), { links: [{ ...eth0, down: true }, uplink] })).toEqual([
      'network web: node node1 at 192.168.50.11 is on eth0, which is down',
    ]);
  });
});

describe('IPv6', () => {
  const node6: Partial<HostRole> = {
    networks: (node.networks ?? []).map((web) => ({
      ...web,
      subnets: ['2001:db8:4::/64'],
      nextHops: ['2001:db8:50::2'],
    })),
  };
  const member6: Partial<HostRole> = {
    gateways: [
      {
        name: 'office',
        uplink: { device: 'uplink0', via: ['fe80::1'] },
        snat: 'masquerade',
        served: [
          {
            network: 'web',
            node: 'node1',
            subnet: '2001:db8:4::/64',
            nodeAddress: '2001:db8:50::11',
          },
        ],
      },
    ],
  };
  const uplink = link('uplink0', ['fe80::7/64']);
  const off = { 'net.ipv6.conf.all.forwarding': '0' };
  const advertised = link('eth0', ['2001:db8:50::10/64'], { advertised: ['2001:db8:50::10/64'] });
  const bridge6 = link('br0', ['2001:db8:4::1/64'], { type: 'bridge' });

  it('from router advertisements must survive forwarding', () => {
    const lost = (acceptRa: string, different: Partial<Facts> = {}): string[] =>
      messages(node6, {
        links: [advertised, bridge6],
        sysctls: off,
        acceptRa: { eth0: acceptRa },
        ...different,
      });
    expect(lost('1')).toEqual([
      'eth0 has its IPv6 address from router advertisements, and a host that forwards IPv6 takes none: this host would lose it',
    ]);
    expect(lost('1', { routerAdvertisedDefaults: ['eth0'] })).toEqual([
      'eth0 has its IPv6 default route from router advertisements, and a host that forwards IPv6 takes none: this host would lose it',
    ]);
    expect(lost('2')).toEqual([]);
    // Another program handles router advertisements.
    expect(lost('0', { routerAdvertisedDefaults: ['eth0'] })).toEqual([]);
    expect(lost('1', { sysctls: { 'net.ipv6.conf.all.forwarding': '1' } })).toEqual([]);
  });

  it('may have a DHCPv6 address without a subnet', () => {
    const links = [link('eth0', ['2001:db8:50::10/128']), bridge6];
    const onLink = { destination: '2001:db8:50::/64', device: 'eth0' };
    expect(closed(node6, { links, foreignRoutes: [onLink] })).toEqual([]);
    expect(closed(node6, { links, foreignRoutes: [] })).toEqual([
      'network web: gateway office at 2001:db8:50::2 is not on a connected link',
    ]);
  });

  it('may have a bridge with only a route', () => {
    const links = [link('eth0', ['2001:db8:50::10/64']), link('br0', ['fe80::1/64'], { type: 'bridge' })];
    const route = { destination: '2001:db8:4::/64', device: 'br0' };
    expect(messages(node6, { links, foreignRoutes: [route] })).toEqual([]);
  });

  it('needs an address on the uplink to masquerade', () => {
    const lan = link('eth0', ['2001:db8:50::2/64']);
    expect(closed(member6, { links: [lan, uplink] })).toEqual([
      'gateway office: its uplink uplink0 has no IPv6 address of its own to masquerade with',
    ]);
    expect(closed(member6, { links: [lan, link('uplink0', ['2001:db8:31::1/64'])] })).toEqual([]);
  });
});
