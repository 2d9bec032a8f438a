/** Plain host for tests of the core. */
import { type Facts, type NetworkFacts } from '../../src/state/facts.ts';
import { emptyLedger } from '../../src/state/ledger.ts';

/** @param different fields with other values than the defaults */
export function givenFacts(different: Partial<Facts> = {}): Facts {
  return {
    links: [
      { name: 'lo', index: 1, ethernet: false, addresses: ['127.0.0.1/8'] },
      { name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24'] },
    ],
    foreignRules: [],
    foreignRoutes: [{ destination: '192.168.50.0/24', device: 'eth0' }],
    defaultHops: [],
    routerAdvertisedDefaults: [],
    acceptRa: {},
    usedTables: [254, 255],
    namedTables: [],
    foreignChains: [],
    forwardFilters: [],
    sysctls: { 'net.ipv4.ip_forward': '1' },
    networks: [],
    ledger: emptyLedger,
    xfrm: true,
    owned: [],
    ...different,
  };
}

/** Network `web` of podman with CNI. */
export function givenNetwork(different: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    engine: 'podman',
    name: 'web',
    backend: 'podman 4.3.1 with cni',
    exists: true,
    subnets: ['10.89.4.0/24'],
    masquerade: { file: '/etc/cni/net.d/web.conflist', setting: 'ipMasq', enabled: true },
    commands: { remove: 'podman network rm web', reload: 'podman network reload' },
    attached: [],
    ...different,
  };
}
