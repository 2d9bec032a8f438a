import { describe, expect, it } from 'vitest';
import type { Network, Spec } from '../spec/spec.ts';
import { hostRole } from './topology.ts';

const spec: Spec = {
  hosts: {
    node1: ['192.168.50.10', 'fd00::10'],
    node2: ['192.168.50.11'],
    gw1: ['192.168.50.2', 'fd00::2'],
    gw2: ['192.168.50.3'],
  },
  networks: {
    web: {
      engine: 'podman',
      subnets: { node1: ['10.89.4.0/24', 'fd00:4::/64'], node2: ['10.89.5.0/24', 'fd00:5::/64'] },
      via: 'office',
      direct: ['192.168.50.0/24'],
      blocked: [],
    },
    inner: { engine: 'external', subnets: { gw1: ['10.91.0.0/16'] }, via: 'home', direct: [], blocked: [] },
  },
  gateways: {
    office: {
      members: [
        { host: 'gw1', uplink: { device: 'gre1' } },
        { host: 'gw2', uplink: { device: 'eth1', via: ['172.31.0.2'] } },
      ],
      snat: 'masquerade',
      check: { interval: 200, fall: 3, rise: 10 },
    },
    home: { members: [{ host: 'gw2', uplink: { device: 'gre1' } }], snat: 'none' },
  },
};

describe('the role of a host', () => {
  it('has its networks as a node, with members in the order of the file', () => {
    expect(hostRole(spec, 'node1')).toEqual({
      host: 'node1',
      addresses: ['192.168.50.10', 'fd00::10'],
      networks: [
        {
          name: 'web',
          engine: 'podman',
          subnets: ['10.89.4.0/24', 'fd00:4::/64'],
          direct: ['192.168.50.0/24'],
          blocked: [],
          gateway: 'office',
          nextHops: ['192.168.50.2', 'fd00::2', '192.168.50.3'],
        },
      ],
      gateways: [],
      failover: [
        {
          name: 'office',
          members: [
            { host: 'gw1', addresses: ['192.168.50.2', 'fd00::2'] },
            { host: 'gw2', addresses: ['192.168.50.3'] },
          ],
          targets: [],
          policy: { interval: 200, fall: 3, rise: 10, failback: 30_000 },
        },
      ],
    });
  });

  it('has no choice of members without check, or with one member', () => {
    const { office, home } = spec.gateways;
    if (!office || !home) throw new Error('the file has both');
    const { check: _, ...first } = office;
    expect(hostRole({ ...spec, gateways: { home, office: first } }, 'node1').failover).toBeUndefined();
    const one = { ...spec, gateways: { home, office: { ...office, members: office.members.slice(1) } } };
    expect(hostRole(one, 'node1').failover).toBeUndefined();
  });

  it.each([
    ['gateway', ['192.168.50.2', 'fd00::2']],
    [['9.9.9.9'], ['9.9.9.9']],
  ] as const)('has name servers for dns %s', (dns, nameServers) => {
    const web = { ...spec.networks['web'], dns } as Network;
    const [network] = hostRole({ ...spec, networks: { web } }, 'node1').networks;
    expect(network?.nameServers).toEqual(nameServers);
  });

  it('has served subnets of all nodes as a member, each with the node address of the same family', () => {
    const { gateways } = hostRole(spec, 'gw2');
    expect(gateways.map(({ name }) => name)).toEqual(['office', 'home']);
    // node2 has no IPv6 address, so fd00:5::/64 is not served.
    expect(gateways[0]?.served).toEqual([
      { network: 'web', node: 'node1', subnet: '10.89.4.0/24', nodeAddress: '192.168.50.10' },
      { network: 'web', node: 'node1', subnet: 'fd00:4::/64', nodeAddress: 'fd00::10' },
      { network: 'web', node: 'node2', subnet: '10.89.5.0/24', nodeAddress: '192.168.50.11' },
    ]);
    expect(gateways[0]?.uplink).toEqual({ device: 'eth1', via: ['172.31.0.2'] });
  });

  it('may be node and member', () => {
    const { networks, gateways } = hostRole(spec, 'gw1');
    expect(networks.map(({ name }) => name)).toEqual(['inner']);
    expect(gateways.map(({ name }) => name)).toEqual(['office']);
  });

  it('excludes a blocked family from served subnets', () => {
    const web = { ...spec.networks['web'], blocked: [6] } as Spec['networks'][string];
    const blocking = { ...spec, networks: { ...spec.networks, web } };
    expect(hostRole(blocking, 'node1').networks[0]).toMatchObject({
      subnets: ['10.89.4.0/24', 'fd00:4::/64'],
      blocked: [6],
    });
    const { gateways, unservedSubnets } = hostRole(blocking, 'gw2');
    expect(gateways[0]?.served.map(({ subnet }) => subnet)).toEqual(['10.89.4.0/24', '10.89.5.0/24']);
    expect(unservedSubnets).toEqual(['fd00:4::/64', 'fd00:5::/64']);
  });

  it('is empty for a host that the file does not use', () => {
    expect(hostRole(spec, 'other')).toEqual({ host: 'other', addresses: [], networks: [], gateways: [] });
  });
});
