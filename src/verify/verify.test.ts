import { describe, expect, it } from 'vitest';
import type { NotReady } from '../desired/redirect.ts';
import type { Facts } from '../state/facts.ts';
import { emptyLedger } from '../state/ledger.ts';
import { hostRole } from '../topology/topology.ts';
import type { Spec } from '../spec/spec.ts';
import { targetsOf, selectNetworks, subnetsOf, verifyHost } from './verify.ts';
import type { LiveHost } from './live-host.ts';
import { viasTo, attachmentOf } from './verify-network.ts';
import { expectationOf } from './verify-member.ts';

const spec: Spec = {
  hosts: { node1: ['192.168.50.10'], gw1: ['192.168.50.2'] },
  networks: {
    web: {
      engine: 'podman',
      subnets: { node1: ['10.89.4.0/24'] },
      via: 'office',
      direct: ['192.0.2.0/24'],
      blocked: [],
    },
    mail: { engine: 'podman', subnets: { node1: ['10.89.5.0/24'] }, via: 'office', direct: [], blocked: [] },
  },
  gateways: {
    office: { members: [{ host: 'gw1', uplink: { device: 'gre1' } }], snat: 'masquerade' },
  },
};

const bridge = { name: 'podman1', index: 4, ethernet: true, type: 'bridge', addresses: ['10.89.4.1/24'] };
const facts: Facts = {
  links: [
    { name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24'] },
    {
      name: 'eth1',
      index: 3,
      ethernet: true,
      addresses: ['198.51.100.9/24', 'fe80::1/64'],
    },
    bridge,
  ],
  foreignRules: [],
  foreignRoutes: [],
  defaultHops: [],
  routerAdvertisedDefaults: [],
  acceptRa: {},
  usedTables: [],
  namedTables: [],
  foreignChains: [],
  forwardFilters: [],
  sysctls: {},
  networks: [],
  ledger: emptyLedger,
  xfrm: true,
  owned: [],
};
const node = { role: hostRole(spec, 'node1'), facts, targets: [] };
const member = { role: hostRole(spec, 'gw1'), facts, targets: [] };

describe('verifyHost', () => {
  it('gives a family only to checks of one family', async () => {
    const problem = {
      what: 'gateway office',
      message: 'gateway office: no device gre1 on this host',
      hint: 'h',
    };
    const readyChecks = async (notReady: NotReady) =>
      (await verifyHost({} as LiveHost, { ...member, notReady: [notReady] })).checks;
    expect(await readyChecks(problem)).toMatchObject([
      { subject: 'gateway office', check: 'ready', ok: false },
    ]);
    expect((await readyChecks(problem))[0]).not.toHaveProperty('family');
    expect(await readyChecks({ ...problem, family: 4 })).toMatchObject([
      { subject: 'gateway office, IPv4', family: 4 },
    ]);
  });
});

describe('selectNetworks', () => {
  it('returns everything, or the named networks', () => {
    expect(selectNetworks(node).networks.map(({ name }) => name)).toEqual(['web', 'mail']);
    expect(selectNetworks({ ...node, networks: ['mail'] }).networks.map(({ name }) => name)).toEqual([
      'mail',
    ]);
    const { gateways } = selectNetworks({ ...member, networks: ['mail'] });
    expect(gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet))).toEqual(['10.89.5.0/24']);
  });

  it('refuses an unknown network', () => {
    expect(() => selectNetworks({ ...node, networks: ['wbe'] })).toThrow(
      'wbe: host node1 has no such network',
    );
  });
});

describe('aimOf', () => {
  it('picks a target without a host: neither direct nor on a link of this host', () => {
    expect(targetsOf(node, 4)).toEqual({ targets: [{ address: '203.0.113.1' }], replyExpected: false });
    expect(targetsOf(node, 6)).toEqual({ targets: [{ address: '2001:db8::1' }], replyExpected: false });
  });

  it('takes the requested targets of its family', () => {
    const [four, six] = [{ address: '192.0.2.7', port: 443 }, { address: '2001:db8::7' }];
    expect(targetsOf({ ...node, targets: [four, six] }, 4)).toEqual({
      targets: [four],
      replyExpected: true,
    });
    expect(targetsOf({ ...node, targets: [four, six] }, 6)).toEqual({
      targets: [six],
      replyExpected: true,
    });
  });

  it.each([node, member])('refuses a target inside a redirected network on $role.host', (input) => {
    expect(() => targetsOf({ ...input, targets: [{ address: '10.89.5.9' }] }, 4)).toThrow(
      '--to 10.89.5.9: lies in a redirected network itself',
    );
  });
});

describe('subnetsOf', () => {
  const [web] = node.role.networks;
  if (!web) throw new Error('node1 has a network');
  const known = { engine: 'podman', backend: 'podman', exists: true, attached: [] } as const;
  const subnets = ['10.89.4.0/24', '2001:db8:89:4::/64'];
  const engines = { ...facts, networks: [{ ...known, name: 'web', subnets }] };

  it('returns subnets of the file', () => {
    expect(subnetsOf(web, engines)).toEqual(['10.89.4.0/24']);
  });

  it('returns subnets of the engine for a blocked family without a subnet in the file', () => {
    expect(subnetsOf({ ...web, blocked: [6] }, engines)).toEqual(subnets);
    expect(subnetsOf({ ...web, blocked: [6] }, facts)).toEqual(['10.89.4.0/24']);
    const own = { ...web, blocked: [6] as const, subnets: ['10.89.4.0/24', '2001:db8:7::/64'] };
    expect(subnetsOf(own, engines)).toEqual(own.subnets);
  });
});

describe('jointOf', () => {
  const [web] = node.role.networks;
  if (!web) throw new Error('node1 has a network');

  it('returns the bridge with an address in the subnet', () => {
    expect(attachmentOf(facts, web, '10.89.4.0/24')).toEqual({
      kind: 'bridge',
      bridge: 'podman1',
      subnet: '10.89.4.0/24',
      gateway: '10.89.4.1',
    });
  });

  it.each([
    ['there is no bridge', []],
    ['the link is no bridge', [{ ...bridge, type: 'veth' }]],
    ['the bridge has no address', [{ ...bridge, addresses: [] }]],
  ])('returns a route when %s', (_, links) => {
    expect(attachmentOf({ ...facts, links }, web, '10.89.4.0/24')).toEqual({ kind: 'route' });
  });
});

describe('exitsTo', () => {
  const withRoutes: Spec = {
    ...spec,
    networks: {
      web: {
        engine: 'podman',
        subnets: { node1: ['10.89.4.0/24'] },
        via: 'office',
        direct: ['192.0.2.0/24'],
        routes: [
          { to: ['198.51.100.0/24'], proto: 'tcp', ports: [[25, 25]], via: 'mail' },
          { to: ['198.51.100.128/25'], ports: [], via: 'direct' },
        ],
        blocked: [],
      },
    },
    gateways: { ...spec.gateways, mail: { members: [], snat: 'none' } },
  };
  const [network] = hostRole(withRoutes, 'node1').networks;
  if (!network) throw new Error('node1 has a network');

  it.each([
    [{ address: '203.0.113.1' }, ['office']],
    [{ address: '192.0.2.1' }, ['direct']],
    [{ address: '198.51.100.200', port: 25 }, ['direct']],
    [{ address: '198.51.100.1', port: 80 }, ['office']],
    // ICMP of the probe goes to office: the route to mail is for TCP only.
    [{ address: '198.51.100.1', port: 25 }, ['mail', 'office']],
    [{ address: '198.51.100.1' }, ['mail', 'office']],
  ])('for %j returns %j', (target, vias) => {
    expect(viasTo(network, target)).toEqual(vias);
  });
});

describe('expectationOf', () => {
  const [gateway] = member.role.gateways;
  if (!gateway) throw new Error('gw1 has a gateway');
  const links = [
    { name: 'eth1', index: 3, ethernet: true, addresses: [] },
    { name: 'gre1', index: 4, ethernet: false, addresses: [] },
  ];
  const ofUplink = (uplink: typeof gateway.uplink, snat: typeof gateway.snat) =>
    expectationOf(facts, links, { ...gateway, uplink, snat }, '10.89.4.0');

  it('has the snat source', () => {
    const uplink = { device: 'eth1', via: ['198.51.100.1', 'fe80::1'] };
    expect(ofUplink(uplink, 'masquerade').sources).toEqual(['198.51.100.9']);
    expect(ofUplink(uplink, 'none').sources).toEqual(['10.89.4.0']);
    expect(ofUplink(uplink, ['2001:db8::77', '198.51.100.77']).sources).toEqual(['198.51.100.77']);
  });

  it('allows any address of the host when the uplink has none', () => {
    expect(ofUplink({ device: 'gre1' }, 'masquerade').sources).toEqual([
      '192.168.50.10',
      '198.51.100.9',
      '10.89.4.1',
    ]);
  });

  it('allows only addresses of the probe’s family that are valid beyond the link', () => {
    const six = {
      ...facts,
      links: facts.links.map((one) => ({ ...one, addresses: [...one.addresses, '2001:db8:31::2/64'] })),
    };
    const uplink = { device: 'eth1' };
    expect(
      expectationOf(six, links, { ...gateway, uplink, snat: 'masquerade' }, '2001:db8:89:4::').sources,
    ).toEqual(['2001:db8:31::2']);
    expect(
      expectationOf(facts, links, { ...gateway, uplink, snat: 'masquerade' }, '2001:db8:89:4::').sources,
    ).toEqual([]);
  });

  it('expects a next hop on a link with neighbours', () => {
    const via = '198.51.100.1';
    expect(ofUplink({ device: 'eth1', via: ['fe80::1', via] }, 'none').egresses).toEqual([
      { link: 'eth1', nextHop: via },
    ]);
    expect(ofUplink({ device: 'gre1' }, 'none').egresses).toEqual([{ link: 'gre1' }]);
  });

  it('reports a missing uplink', () => {
    expect(ofUplink({ device: 'gre2' }, 'none')).toMatchObject({
      egresses: [],
      problems: ['gre2: no such link'],
    });
  });
});
