import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import type { EngineName } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../topology/role.ts';
import { dockerUserRules, withoutDockerUser } from './docker-user.ts';

function network(engine: EngineName, different: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    name: 'web',
    engine,
    subnets: ['10.89.4.0/24', 'fd00:4::/64'],
    direct: ['198.51.100.0/24'],
    blocked: [],
    gateway: 'office',
    nextHops: ['192.168.50.2', 'fd00:50::2'],
    ...different,
  };
}

const links = [{ name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24', 'fd00:50::10/64'] }];
const role = { host: 'here', addresses: [], networks: [], gateways: [] };

function rules(different: Partial<HostRole>, facts: Partial<Facts>): string[] {
  return dockerUserRules({ ...role, ...different }, givenFacts({ links, ...facts })).map(({ object }) =>
    object.kind === 'iptables-rule'
      ? `${object.family} ${object.table} ${object.chain} ${object.args.join(' ')}`
      : object.kind,
  );
}

const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
const web4 = [
  '4 filter DOCKER-USER -s 10.89.4.0/24 -o eth0 -j ACCEPT',
  `4 filter DOCKER-USER -d 10.89.4.0/24 -i eth0 ${established}`,
  '4 filter DOCKER-USER -s 10.89.4.0/24 -d 198.51.100.0/24 -j ACCEPT',
  `4 filter DOCKER-USER -s 198.51.100.0/24 -d 10.89.4.0/24 ${established}`,
];
const web6 = [
  '6 filter DOCKER-USER -s fd00:4::/64 -o eth0 -j ACCEPT',
  `6 filter DOCKER-USER -d fd00:4::/64 -i eth0 ${established}`,
];

describe('rules in DOCKER-USER', () => {
  it.each<[string, Partial<HostRole>, Partial<Facts>, string[]]>([
    ['do not exist without that chain', { networks: [network('podman')] }, {}, []],
    ['accept networks of other engines', { networks: [network('podman')] }, { dockerUser: [4] }, web4],
    ['accept both families', { networks: [network('external')] }, { dockerUser: [4, 6] }, [...web4, ...web6]],
    ["do not exist for Docker's own networks", { networks: [network('docker')] }, { dockerUser: [4, 6] }, []],
    [
      'do not accept a blocked family',
      { networks: [network('cni', { blocked: [4] })] },
      { dockerUser: [4, 6] },
      web6,
    ],
    [
      'do not exist for an unreachable gateway',
      { networks: [network('cni', { nextHops: [], direct: [] })] },
      { dockerUser: [4] },
      [],
    ],
    [
      'accept packets to published ports, and to the gateways of routes',
      {
        networks: [
          network('docker', {
            inboundPorts: [
              { proto: 'tcp', to: '10.89.4.5', toPort: 80, from: ['192.168.50.2', 'fd00:50::2'] },
            ],
          }),
          network('podman', {
            subnets: ['10.90.0.0/16'],
            direct: [],
            routes: {
              selectors: { 4: [], 6: [] },
              nextHops: { mail: ['192.168.60.2'], more: ['192.168.50.3'] },
            },
          }),
        ],
      },
      {
        dockerUser: [4],
        links: [...links, { name: 'eth1', index: 3, ethernet: true, addresses: ['192.168.60.10/24'] }],
      },
      [
        '4 filter DOCKER-USER -s 10.90.0.0/16 -o eth0 -j ACCEPT',
        `4 filter DOCKER-USER -d 10.90.0.0/16 -i eth0 ${established}`,
        '4 filter DOCKER-USER -s 10.90.0.0/16 -o eth1 -j ACCEPT',
        `4 filter DOCKER-USER -d 10.90.0.0/16 -i eth1 ${established}`,
        '4 filter DOCKER-USER -d 10.89.4.5/32 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT',
      ],
    ],
    [
      'accept packets from a gateway’s uplink to its published ports',
      {
        gateways: [
          {
            name: 'office',
            uplink: { device: 'gre1' },
            snat: 'none',
            publish: [{ port: 8080, proto: 'udp', to: '10.90.0.5', toPort: 53 }],
            served: [],
          },
        ],
      },
      { dockerUser: [4] },
      ['4 filter DOCKER-USER -d 10.90.0.5/32 -i gre1 -p udp -m udp --dport 53 -j ACCEPT'],
    ],
    [
      'accept packets that a gateway forwards',
      {
        gateways: [
          {
            name: 'office',
            uplink: { device: 'gre1' },
            snat: 'none',
            served: [{ network: 'db', node: 'n2', subnet: '10.90.0.0/16', nodeAddress: '192.168.50.11' }],
          },
        ],
      },
      { dockerUser: [4] },
      [
        '4 filter DOCKER-USER -s 10.90.0.0/16 -o gre1 -j ACCEPT',
        `4 filter DOCKER-USER -d 10.90.0.0/16 -i gre1 ${established}`,
      ],
    ],
  ])('%s', (_, of, facts, expected) => {
    expect(rules(of, facts)).toEqual(expected);
  });

  it('make the drop policy of that chain ineffective, and no other', () => {
    const filter = (family: string, chain: string) => ({
      family,
      table: 'filter',
      chain: 'FORWARD',
      chains: new Map([[chain, []]]),
    });
    const forwardFilters = [filter('ip', 'DOCKER-USER'), filter('ip6', 'DOCKER-USER'), filter('ip', 'other')];
    const left = withoutDockerUser(givenFacts({ dockerUser: [4], forwardFilters }));
    expect(left.forwardFilters).toEqual(forwardFilters.slice(1));
  });
});
