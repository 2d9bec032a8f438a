import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import type { Link } from '../state/facts.ts';
import { emptyLedger } from '../state/ledger.ts';
import type { HostRole, MemberGateway } from '../topology/role.ts';
import { desiredState } from './desired.ts';
import { linkTowards } from './routing/neighbours.ts';

const network = givenNodeNetwork({ nextHops: ['192.168.50.2', '192.168.50.3'] });
const gateway: MemberGateway = {
  name: 'own',
  uplink: { device: 'eth0', via: ['192.168.50.1'] },
  snat: 'none',
  served: [],
};
const served = { network: 'db', node: 'node2', subnet: '10.90.0.0/16', nodeAddress: '192.168.50.11' };

function desired(role: Partial<HostRole>, facts = givenFacts()) {
  return desiredState({ host: 'here', addresses: [], networks: [], gateways: [], ...role }, {}, facts);
}

const objects = (role: Partial<HostRole>, facts = givenFacts()) =>
  desired(role, facts).wanted.map(({ object }) => object);

describe('the desired state', () => {
  it('has a reason for each of its objects', () => {
    const { wanted } = desired({ networks: [network], gateways: [{ ...gateway, served: [served] }] });
    expect(wanted.length).toBeGreaterThan(20);
    expect(wanted.filter(({ why }) => why === '')).toEqual([]);
  });

  it('has no duplicate set elements, even if two networks claim one subnet of a bridge', () => {
    const links: Link[] = [
      ...givenFacts().links,
      { name: 'mr0', index: 3, ethernet: true, type: 'bridge', addresses: ['10.89.4.1/24'] },
    ];
    const moved = { ...network, name: 'moved', subnets: ['10.90.0.0/24'], bridge: 'mr0' };
    const sets = objects({ networks: [network, moved] }, givenFacts({ links })).filter(
      (object) => object.kind === 'nft-set',
    );
    expect(sets.find(({ name }) => name === 'own4_24')?.elements).toContain('10.89.4.0 . "mr0"');
    for (const { elements } of sets) expect(elements).toEqual([...new Set(elements)]);
  });

  it('has no objects for a gateway that no network uses', () => {
    expect(objects({ gateways: [gateway] })).toEqual([]);
    expect(objects({ networks: [network], gateways: [gateway] })).toEqual(objects({ networks: [network] }));
  });

  it.each([
    [
      1400,
      [
        'iifname "eth0" tcp flags & (syn | rst) == syn ip daddr & 255.255.0.0 == @redirected4_16 tcp option maxseg size set 1360',
      ],
    ],
    [undefined, []],
  ])('limits the segment size in replies, for an uplink with MTU %s', (mtu, rules) => {
    const links = givenFacts().links.map((link) => (mtu === undefined ? link : { ...link, mtu }));
    const found = objects({ gateways: [{ ...gateway, served: [served] }] }, givenFacts({ links }));
    const forward = found.find((object) => object.kind === 'nft-chain' && object.name === 'forward');
    const sizes = forward?.kind === 'nft-chain' ? forward.rules.filter((rule) => rule.startsWith('iif')) : [];
    expect(sizes).toEqual(rules);
  });

  it('does not clear mark bits that it sets, like nft’s own output', () => {
    const subnets = Array.from({ length: 20 }, (_, index) => `10.90.${2 * index}.0/24`);
    const many = subnets.map((subnet) => ({ ...served, subnet }));
    const found = objects({ gateways: [{ ...gateway, served: many }] });
    const rules = found.flatMap((object) => (object.kind === 'nft-chain' ? object.rules : []));
    const marks = rules.flatMap((rule) => [...rule.matchAll(/meta mark & (\w+) \| (\w+)/g)]);
    expect(marks.length).toBeGreaterThan(0);
    expect(
      marks.filter(([, kept, set]) => (BigInt(kept ?? 0) & BigInt(set ?? 0)) !== BigInt(set ?? 0)),
    ).toEqual([]);
  });

  it('exempts other subnets on the network’s bridge, but not prefixes that a container advertises', () => {
    const own = ['10.89.4.1/24', '2001:db8:89:4::1/64'];
    const more = '2001:db8:66::c/64';
    const dual = { ...network, subnets: ['10.89.4.0/24', '2001:db8:89:4::/64'] };
    const beside = (different: Partial<Link>): readonly string[] => {
      const bridge = { name: 'br1', index: 3, ethernet: true, type: 'bridge', addresses: own, ...different };
      const { links } = givenFacts();
      const found = objects({ networks: [dual] }, givenFacts({ links: [...links, bridge] }));
      const set = found.find((object) => object.kind === 'nft-set' && object.name === 'other_subnets6');
      expect(found).toContainEqual(expect.objectContaining({ name: 'bridges', elements: ['"br1"'] }));
      return set?.kind === 'nft-set' ? set.elements : [];
    };
    expect(beside({})).toEqual([]);
    expect(beside({ addresses: [...own, more] })).toEqual([expect.stringMatching(/^2001:db8:66::\/64 \. "/)]);
    expect(beside({ addresses: [...own, more], advertised: [more] })).toEqual([]);
  });

  it('routes to the first member, and permits all members', () => {
    const found = objects({ networks: [network] });
    expect(found).toContainEqual(
      expect.objectContaining({
        destination: 'default',
        target: { kind: 'unicast', via: '192.168.50.2', device: 'eth0' },
      }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({
        name: 'forward',
        rules: [
          'rt ip nexthop 192.168.50.2 oifname "eth0" ip saddr & 255.255.255.0 == @egress4_192.168.50.2_eth0_24 accept',
          'rt ip nexthop 192.168.50.3 oifname "eth0" ip saddr & 255.255.255.0 == @egress4_192.168.50.3_eth0_24 accept',
          'ip saddr & 255.255.255.0 == @redirected4_24 jump guard',
        ],
      }),
    );
  });

  it.each([
    ['none', 'snat ip to ip saddr'],
    ['masquerade', 'masquerade'],
    [['203.0.113.7'], 'snat ip to 203.0.113.7'],
  ] as const)('of a member has nft verdict for snat %s: %s', (snat, verdict) => {
    const chain = objects({ gateways: [{ ...gateway, snat, served: [served] }] }).find(
      (object) => object.kind === 'nft-chain' && object.name === 'postrouting',
    );
    // The uplink is also the link to the node: packets to another redirected subnet keep their source.
    expect(chain).toMatchObject({
      rules: [
        'ip saddr & 255.255.0.0 == @redirected4_16 ip daddr & 255.255.0.0 . rt ip nexthop . oifname @return4_16 snat ip to ip saddr',
        `ip saddr & 255.255.0.0 == @served4_own_16 oifname "eth0" ${verdict}`,
      ],
    });
  });

  it('resets TCP connections that source NAT does not know, only if the file says so', () => {
    const midstream = (different: object) =>
      objects({ gateways: [{ ...gateway, snat: 'masquerade', served: [served], ...different }] }).find(
        (object) => object.kind === 'nft-chain' && object.name === 'midstream',
      );
    expect(midstream({})).toBeUndefined();
    expect(midstream({ resetsFlows: true, snat: 'none' })).toBeUndefined();
    expect(midstream({ resetsFlows: true })).toMatchObject({
      hook: { type: 'nat', hook: 'prerouting' },
      rules: [
        'ip saddr & 255.255.0.0 == @served4_own_16 ip daddr & 255.255.0.0 != @redirected4_16 fib daddr type != local tcp flags & (syn | rst) != syn reject with tcp reset',
      ],
    });
  });

  it('restores forwarding, also of devices that still exist', () => {
    const ledger = {
      ...emptyLedger,
      sysctls: {
        'net.ipv4.ip_forward': '0',
        'net.ipv4.conf.all.accept_redirects': '1',
        'net/ipv4/conf/eth0/forwarding': '1',
        'net/ipv4/conf/gone0/forwarding': '1',
      },
    };
    expect(objects({}, givenFacts({ ledger }))).toEqual([
      {
        kind: 'sysctl',
        name: 'net.ipv4.ip_forward',
        value: '0',
        alongside: { 'net.ipv4.conf.all.accept_redirects': '1', 'net/ipv4/conf/eth0/forwarding': '1' },
      },
    ]);
  });

  it('does not change forwarding that was on before', () => {
    expect(objects({})).toEqual([]);
  });
});

describe('the link to an address', () => {
  const link = (name: string, ...addresses: string[]) => ({ name, index: 1, ethernet: true, addresses });

  it.each([
    [
      'has the longest prefix',
      [link('a', '10.0.0.1/8'), link('b', '10.1.0.1/16'), link('c', '10.2.0.1/16')],
      'b',
    ],
    ['has an address of the same family', [link('a', 'fd00::1/8')], undefined],
    ['does not exist without a matching prefix', [link('a', '192.168.50.10/24')], undefined],
  ])('%s', (_, links, name) => {
    expect(linkTowards('10.1.2.3', { links, foreignRoutes: [] })?.name).toBe(name);
  });

  it('is not the bridge of the network itself', () => {
    const links = [link('br0', '10.1.0.1/16'), link('eth0', '10.0.0.1/8')];
    expect(linkTowards('10.1.2.3', { links, foreignRoutes: [] }, ['10.1.0.0/16'])).toBeUndefined();
  });
});
