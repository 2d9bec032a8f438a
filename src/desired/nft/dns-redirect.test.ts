import { describe, expect, it } from 'vitest';
import { families, familyOf } from '../../address/cidr.ts';
import { givenFacts, givenNetwork } from '../../../tests/given/facts.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { closedRedirect } from '../redirect.ts';
import { dnsRedirectChains } from './dns-redirect.ts';
import { hostWarnings } from '../checks/warnings/warnings.ts';

const network = {
  name: 'web',
  engine: 'podman' as const,
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2', 'fd50::2'],
};
const gateway = ['192.168.50.2'];
const elsewhere = ['9.9.9.9', '2620:fe::fe'];
const dual = ['10.89.4.0/24', 'fd04::/64'];

/** The rules that redirect DNS queries. */
function rulesOf(different: Partial<NodeNetwork>, found: Partial<NetworkFacts> = {}): readonly string[] {
  const facts = givenFacts({ networks: [givenNetwork(found)] });
  const queried = { ...network, ...different };
  const redirects = families.map((family) =>
    closedRedirect(
      'network web',
      family,
      queried.subnets.filter((subnet) => familyOf(subnet) === family),
    ),
  );
  const chains = dnsRedirectChains([queried], redirects, facts).map(({ object }) => object);
  if (chains.length === 0) return [];
  const [hooked, resolve] = chains;
  expect(hooked).toEqual({
    kind: 'nft-chain',
    name: 'dns',
    hook: { type: 'nat', hook: 'prerouting', priority: -150 },
    rules: ['udp dport 53 jump resolve', 'tcp dport 53 jump resolve'],
  });
  return resolve?.kind === 'nft-chain' ? resolve.rules : [];
}

describe('DNS queries of containers', () => {
  it.each<[string, Partial<NodeNetwork>, Partial<NetworkFacts>, string[]]>([
    ['are not redirected without `dns:`', {}, { nameServer: { upstreams: [] } }, []],
    [
      'are redirected to a name server on the gateway',
      { nameServers: gateway },
      { nameServer: { upstreams: [] } },
      [
        'ip daddr & 255.255.255.0 == @redirected4_24 fib daddr type != local return',
        'ip saddr 10.89.4.0/24 dnat ip to 192.168.50.2',
      ],
    ],
    [
      'are redirected to one name server of each family',
      { nameServers: elsewhere, subnets: dual },
      {},
      [
        'ip daddr & 255.255.255.0 == @redirected4_24 fib daddr type != local return',
        'ip6 daddr & ffff:ffff:ffff:ffff:: == @redirected6_64 fib daddr type != local return',
        'ip saddr 10.89.4.0/24 dnat ip to 9.9.9.9',
        'ip6 saddr fd04::/64 dnat ip6 to 2620:fe::fe',
      ],
    ],
    [
      'are not redirected in a blocked family',
      { nameServers: elsewhere, subnets: dual, blocked: [6] },
      {},
      [
        'ip daddr & 255.255.255.0 == @redirected4_24 fib daddr type != local return',
        'ip saddr 10.89.4.0/24 dnat ip to 9.9.9.9',
      ],
    ],
    [
      'are not redirected if the engine queries the gateway',
      { nameServers: gateway },
      { nameServer: { upstreams: gateway } },
      [],
    ],
    [
      'are redirected if the engine queries another name server too',
      { nameServers: gateway },
      { nameServer: { upstreams: ['192.168.50.2', '8.8.8.8'] } },
      [
        'ip daddr & 255.255.255.0 == @redirected4_24 fib daddr type != local return',
        'ip saddr 10.89.4.0/24 dnat ip to 192.168.50.2',
      ],
    ],
    [
      'are redirected if the engine queries a name server past the gateway',
      { nameServers: ['9.9.9.9'] },
      { nameServer: { upstreams: ['9.9.9.9'] } },
      [
        'ip daddr & 255.255.255.0 == @redirected4_24 fib daddr type != local return',
        'ip saddr 10.89.4.0/24 dnat ip to 9.9.9.9',
      ],
    ],
  ])('%s', (_, different, found, rules) => {
    expect(rulesOf(different, found)).toEqual(rules);
  });
});

describe('warnings about name resolution', () => {
  const warned = (different: Partial<NodeNetwork>, found: Partial<NetworkFacts>): string[] =>
    hostWarnings(
      { networks: [{ ...network, ...different }], gateways: [] },
      givenFacts({ networks: [givenNetwork(found)] }),
    ).flatMap(({ message, hint }) => [message, hint]);

  it.each<[string, Partial<NodeNetwork>, Partial<NetworkFacts>]>([
    ['the file has no `dns:`', {}, { nameServer: { upstreams: [] } }],
    ['the engine has no name server', { nameServers: gateway }, {}],
    ['its name server queries the gateway', { nameServers: gateway }, { nameServer: { upstreams: gateway } }],
  ])('do not appear if %s', (_, different, found) => {
    expect(warned(different, found)).toEqual([]);
  });

  it('say that container names do not resolve, and how to keep them', () => {
    expect(warned({ nameServers: gateway }, { nameServer: { upstreams: [] } })).toEqual([
      'network web: its containers cannot resolve each other’s names: their DNS queries go to 192.168.50.2, and not to the name server of podman 4.3.1 with cni',
      'with netavark, from podman 4.4 on, `podman network update --dns-add 192.168.50.2 web` keeps the names; to do without container names, recreate the network with `--disable-dns`',
    ]);
    expect(warned({ nameServers: ['9.9.9.9'] }, { nameServer: { upstreams: [] } })[1]).toBe(
      'to do without container names, recreate the network with `--disable-dns`',
    );
  });

  it('say that the engine sends queries from the host', () => {
    expect(warned({ nameServers: ['9.9.9.9'] }, { resolvesOnHost: true, backend: 'docker 28.2.2' })).toEqual([
      'network web: docker 28.2.2 sends DNS queries of its containers from this host, past the gateway, and not to 9.9.9.9',
      'start its containers with `--dns 9.9.9.9`: their queries then go through the gateway',
    ]);
  });
});
