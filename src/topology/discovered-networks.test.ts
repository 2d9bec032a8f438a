import { describe, expect, it } from 'vitest';
import { specOf } from '../../tests/scenario/play.ts';
import { type LabelledNetwork, discoverNetworks } from './discovered-networks.ts';
import { discoveryOf, hostRole } from './topology.ts';

const file = (discover: string): string => `version: 1
hosts: { node1: [192.168.50.10, 'fd00:50::10'], node2: 192.168.50.11, gw1: [192.168.50.2, 'fd00:50::2'], gw2: [192.168.50.3, 'fd00:50::3'] }
networks:
  web: { engine: podman, subnets: { node1: 10.90.4.0/24 }, via: office }
  far: { engine: podman, subnets: { node2: 10.90.5.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth1 } }], snat: none }
  mail: { members: [{ host: gw2, uplink: { device: eth1 } }] }
  own: { members: [{ host: node1, uplink: { device: eth1 } }] }
${discover}
`;
const pools = "pools: { node1: [10.89.0.0/16, '2001:db8:89::/48'], node2: 10.88.0.0/16 }";
const spec = specOf(file(`discover: { ${pools}, gateways: [office, own] }`));

function network(different: Partial<LabelledNetwork> = {}): LabelledNetwork {
  return { engine: 'docker', name: 'app', label: 'office', subnets: ['10.89.4.0/24'], ...different };
}

const decided = (...labelled: readonly LabelledNetwork[]) => discoverNetworks(spec, 'node1', labelled);

describe('a network with a label', () => {
  it.each<[string, Partial<LabelledNetwork>]>([
    ['of one family', {}],
    ['of both', { subnets: ['10.89.4.0/24', '2001:db8:89:4::/64'] }],
    ['of podman', { engine: 'podman' }],
    ['with the name of a network of another node', { name: 'far' }],
  ])('is redirected: %s', (_, different) => {
    const { label: via, ...one } = network(different);
    expect(decided(network(different))).toEqual({ networks: [{ ...one, via }], reports: [] });
  });

  it.each<[string, Partial<LabelledNetwork>, string, string]>([
    [
      'an unknown gateway',
      { label: 'ofice' },
      'network app (docker): its label names gateway "ofice", which the file does not have: not redirected',
      'did you mean "office"?',
    ],
    [
      'a name that every object has',
      { label: 'constructor' },
      'network app (docker): its label names gateway "constructor", which the file does not have: not redirected',
      'gateways that a label may name here: office',
    ],
    [
      'an empty label',
      { label: '' },
      'network app (docker): its label names gateway "", which the file does not have: not redirected',
      'gateways that a label may name here: office',
    ],
    [
      'a gateway that is not listed',
      { label: 'mail' },
      'network app (docker): its label names gateway mail, which is not in `discover.gateways` of the file: not redirected',
      'gateways that a label may name here: office',
    ],
    [
      'a gateway that the node is a member of',
      { label: 'own' },
      'network app (docker): its label names gateway own, and this host is a member of it: not redirected',
      'gateways that a label may name here: office',
    ],
    [
      'a subnet outside of the pools',
      { subnets: ['10.89.4.0/24', '2001:db8:90:4::/64'] },
      'network app (docker): 2001:db8:90:4::/64 is in no pool of node1: not redirected',
      'make it anew with a subnet in 10.89.0.0/16 or 2001:db8:89::/48, or widen the pool of node1',
    ],
    [
      'a subnet in the pool of another node',
      { subnets: ['10.88.4.0/24'] },
      'network app (docker): 10.88.4.0/24 is in no pool of node1: not redirected',
      'make it anew with a subnet in 10.89.0.0/16 or 2001:db8:89::/48, or widen the pool of node1',
    ],
    [
      'a subnet wider than the pool',
      { subnets: ['10.88.0.0/15'] },
      'network app (docker): 10.88.0.0/15 is in no pool of node1: not redirected',
      'make it anew with a subnet in 10.89.0.0/16 or 2001:db8:89::/48, or widen the pool of node1',
    ],
    [
      'no subnet',
      { subnets: [] },
      'network app (docker): its engine has no subnet for it: not redirected',
      'make it anew with a subnet in 10.89.0.0/16 or 2001:db8:89::/48, or widen the pool of node1',
    ],
    [
      'two subnets of a family',
      { subnets: ['10.89.4.0/24', '10.89.5.0/24'] },
      'network app (docker): it has two IPv4 subnets: not redirected',
      'make it anew with one for each family',
    ],
    [
      'no bridge',
      { unusable: { what: 'docker has it, and it has driver macvlan', hint: 'name another' } },
      'network app (docker): docker has it, and it has driver macvlan: not redirected',
      'name another',
    ],
    [
      'the name of a network of the file, of another engine',
      { name: 'web' },
      'network web (docker): podman has a network of that name, which is redirected: not redirected',
      'make it anew with another name',
    ],
    [
      'a name that the file could not have',
      { name: 'a b' },
      'network "a b" (docker): its name has other characters than letters, digits, "_", "." and "-": not redirected',
      'make it anew with another name',
    ],
    [
      'another gateway than the file',
      { name: 'web', engine: 'podman', label: 'mail', subnets: ['10.90.4.0/24'] },
      'network web (podman): its label says "mail", the file sends it to gateway office: the file decides',
      'remove the label, or the network from the file',
    ],
  ])('is not redirected, and no other suffers: %s', (_, different, message, hint) => {
    const other = network({ name: 'other', subnets: ['10.89.9.0/24'] });
    const { networks, reports } = decided(network(different), other);
    expect(reports).toEqual([{ message, hint }]);
    expect(networks.map(({ name }) => name)).toEqual(['other']);
  });

  it('is that of the file when both say the same', () => {
    const both = network({ name: 'web', engine: 'podman', subnets: ['10.90.4.0/24'] });
    expect(decided(both)).toEqual({ networks: [], reports: [] });
  });

  it('cannot take the name or subnet of one that comes before it', () => {
    const first = network();
    const { networks, reports } = decided(
      first,
      network({ engine: 'podman', subnets: ['10.89.5.0/24'] }),
      network({ engine: 'podman', name: 'late', subnets: ['10.89.4.128/25'] }),
    );
    expect(networks).toHaveLength(1);
    expect(reports.map(({ message }) => message)).toEqual([
      'network app (podman): docker has a network of that name, which is redirected: not redirected',
      'network late (podman): it overlaps network app of docker: not redirected',
    ]);
  });
});

describe('roles with pools', () => {
  const all = specOf(file(`discover: { ${pools} }`));

  it('give every member that a label may name the pools of the other nodes', () => {
    const served = (host: string) =>
      hostRole(all, host).gateways.flatMap((one) =>
        one.served.flatMap(({ network: name, subnet, nodeAddress }) =>
          name === 'pool' ? `${one.name} ${subnet} at ${nodeAddress}` : [],
        ),
      );
    expect(served('gw2')).toEqual([
      'mail 10.89.0.0/16 at 192.168.50.10',
      'mail 2001:db8:89::/48 at fd00:50::10',
      'mail 10.88.0.0/16 at 192.168.50.11',
    ]);
    expect(served('node1')).toEqual(['own 10.88.0.0/16 at 192.168.50.11']);
  });

  it('close the pools at members that no label may name', () => {
    expect(hostRole(spec, 'gw2').unservedSubnets).toEqual([
      '10.90.4.0/24',
      '10.90.5.0/24',
      '10.89.0.0/16',
      '2001:db8:89::/48',
      '10.88.0.0/16',
    ]);
  });

  it('have a labelled network like one of the file, on its node alone', () => {
    const roleWith = discoveryOf(spec, 'node1')?.roleWith;
    const role = roleWith?.([network({ name: 'far' })]);
    expect(role?.networks.map(({ name, gateway, byLabel }) => [name, gateway, byLabel])).toEqual([
      ['web', 'office', undefined],
      ['far', 'office', true],
    ]);
    expect(role?.networks[1]?.nextHops).toEqual(['192.168.50.2', 'fd00:50::2']);
    expect(roleWith?.([network({ name: 'far' })])).toBe(role);
    expect(roleWith?.([])).not.toBe(role);
    expect(discoveryOf(spec, 'gw1')).toBeUndefined();
  });

  it('have ports that a gateway publishes to an address of a labelled network, and announce the pools upstream', () => {
    const publishing = specOf(
      file(`discover: { ${pools}, gateways: [office] }`)
        .replace('snat: none', 'snat: none, publish: [{ port: 80, to: 10.89.4.5 }]')
        .replace(
          'device: eth1 }',
          'device: eth1, routing: { protocol: bgp, as: 65001, peer_as: 65002, neighbor: [172.31.0.1, "fd00:31::1"] } }',
        ),
    );
    const [, app] = discoveryOf(publishing, 'node1')?.roleWith([network()]).networks ?? [];
    expect(app?.inboundPorts?.map(({ to, from }) => [to, from])).toEqual([
      ['10.89.4.5', ['192.168.50.2', 'fd00:50::2']],
    ]);
    const [office] = hostRole(publishing, 'gw1').routed ?? [];
    expect(office?.uplink?.announced).toEqual([
      '10.90.4.0/24',
      '10.90.5.0/24',
      '10.89.0.0/16',
      '2001:db8:89::/48',
      '10.88.0.0/16',
    ]);
  });

  it('announce the pool by BGP, whatever networks are there, to members that accept exactly that', () => {
    const bgp = specOf(
      file(`discover: { ${pools}, gateways: [office, mail] }`).replace(
        'snat: none',
        'snat: none, routing: { protocol: bgp }',
      ),
    );
    const announced = (labelled: readonly LabelledNetwork[]) =>
      discoveryOf(bgp, 'node1')
        ?.roleWith(labelled)
        .routed?.find(({ name }) => name === 'office')?.subnets;
    const expected = ['10.90.4.0/24', '10.89.0.0/16', '2001:db8:89::/48'];
    expect(announced([])).toEqual(expected);
    expect(announced([network()])).toEqual(expected);
    const [office] = hostRole(bgp, 'gw1').routed ?? [];
    expect(office?.peers.find(({ host }) => host === 'node1')?.subnets).toEqual(expected);
  });
});
