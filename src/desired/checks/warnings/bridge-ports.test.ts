import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../../tests/given/facts.ts';
import type { Link } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import { hostWarnings } from './warnings.ts';

const web: NodeNetwork = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
};
const bridge: Link = {
  name: 'podman1',
  index: 5,
  ethernet: true,
  type: 'bridge',
  addresses: ['10.89.4.1/24'],
};

function link(name: string, more: Partial<Link> = {}): Link {
  return { name, index: 9, ethernet: true, addresses: [], ...more };
}

function warningsOf(links: readonly Link[], network = web) {
  const facts = givenFacts({ links, networks: [givenNetwork({ bridge: 'podman1' })] });
  return hostWarnings({ networks: [network], gateways: [] }, facts);
}

const messagesOf = (...what: Parameters<typeof warningsOf>): string[] =>
  warningsOf(...what).map(({ message }) => message);

describe('a warning about paths around a bridge', () => {
  it.each([
    ['a container', link('veth0', { master: 'podman1', type: 'veth' })],
    ['a virtual machine', link('vnet0', { master: 'podman1', type: 'tun' })],
    ['a port of another bridge', link('eth1', { master: 'br7' })],
    ['a macvlan of another link', link('mv0', { parent: 'eth1', type: 'macvlan' })],
  ])('does not appear for %s', (_, port) => {
    expect(warningsOf([bridge, port])).toEqual([]);
  });

  it.each(['macvlan', 'ipvlan', 'macvtap', 'vlan'])('appears for a %s on top of it', (type) => {
    expect(warningsOf([bridge, link('top0', { parent: 'podman1', type })])).toEqual([
      {
        message: `network web: top0 (${type}) is on top of its bridge podman1: what containers send to top0 comes in by top0, where source addresses are not checked`,
        hint: '`ip link delete top0`, or move it into another network namespace; this host reaches the containers by podman1 itself',
      },
    ]);
  });

  it('appears for a macvlan on top of a VLAN on top of it', () => {
    const links = [
      link('podman1.7', { parent: 'podman1', type: 'vlan' }),
      link('mv0', { parent: 'podman1.7', type: 'macvlan' }),
    ];
    expect(messagesOf([bridge, ...links])).toEqual([
      expect.stringContaining('podman1.7 (vlan) is on top'),
      expect.stringContaining('mv0 (macvlan) is on top'),
    ]);
  });

  it.each([
    ['a physical device', undefined, 'x0 (a physical device)'],
    ['VXLAN', 'vxlan', 'x0 (vxlan)'],
    ['geneve', 'geneve', 'x0 (geneve)'],
    ['a GRE tunnel', 'gretap', 'x0 (gretap)'],
    ['a bond', 'bond', 'x0 (bond)'],
    ['a VLAN', 'vlan', 'x0 (vlan)'],
  ])('appears for a port that is %s', (_, type, said) => {
    const port = link('x0', { master: 'podman1', ...(type === undefined ? {} : { type }) });
    expect(warningsOf([bridge, port])).toEqual([
      {
        message: `network web: ${said} is a port of its bridge podman1: frames of containers leave by it without being routed by this host, so that a router behind x0 can take them past the gateway`,
        hint: '`ip link set x0 nomaster` takes it out of the bridge; mustredirect does not filter between the ports of a bridge',
      },
    ]);
  });

  it('appears for a veth port whose other end is in this namespace', () => {
    const port = link('va', { master: 'podman1', type: 'veth', pair: 'vb' });
    expect(messagesOf([bridge, port])).toEqual([
      'network web: va (veth) is a port of its bridge podman1, and its other end vb is on this host too: what containers send to vb comes in by vb, where source addresses are not checked',
    ]);
  });

  it('appears for another subnet on it', () => {
    const both = { ...bridge, addresses: ['10.89.4.1/24', '192.168.60.10/24', 'fe80::1/64'] };
    expect(warningsOf([both])).toEqual([
      {
        message:
          'network web: its bridge podman1 also has an address in 192.168.60.0/24: a container that takes a source address of that subnet is not redirected',
        hint: 'give the network a bridge of its own',
      },
    ]);
  });

  it('appears for an external bridge that does not exist yet', () => {
    const external: NodeNetwork = { ...web, name: 'vm', engine: 'external', subnets: ['10.7.0.0/24'] };
    expect(warningsOf([bridge], external)).toEqual([
      {
        message:
          'network vm: its bridge is not known, because no bridge has an address in 10.7.0.0/24 yet: source addresses are checked from the next apply after the bridge exists',
        hint: 'write `bridge: NAME` into the network: it is then closed by that name before the bridge exists',
      },
    ]);
    expect(warningsOf([bridge], { ...external, bridge: 'virbr1' })).toEqual([]);
  });
});

describe('a tunnel that accepts packets from any sender', () => {
  const vxlan = link('vx0', { type: 'vxlan', openTunnel: 'udp dport 4789' });
  const member = {
    name: 'office',
    uplink: { device: 'eth0' },
    snat: 'none',
    served: [{ network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.10' }],
  } as const;

  it.each([
    ['a node', { networks: [web], gateways: [] }],
    ['a gateway', { networks: [], gateways: [member] }],
  ])('gives a warning on %s', (_, role) => {
    expect(hostWarnings(role, givenFacts({ links: [bridge, vxlan] }))).toEqual([
      {
        message:
          'vx0 (vxlan) takes encapsulated packets from any sender, so also from containers of redirected networks: the packets inside come in by vx0, where source addresses are not checked',
        hint: "drop what those networks send to it in an input chain of this host's firewall (`udp dport 4789 drop` with their subnets as source), or remove the tunnel",
      },
    ]);
  });

  it.each([
    ['a tunnel that is down', [web], { ...vxlan, down: true as const }],
    ['a host without redirected networks', [], vxlan],
  ])('gives no warning: %s', (_, networks, tunnel) => {
    expect(hostWarnings({ networks, gateways: [] }, givenFacts({ links: [bridge, tunnel] }))).toEqual([]);
  });
});
