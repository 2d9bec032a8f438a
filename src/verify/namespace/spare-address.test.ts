import { describe, expect, it } from 'vitest';
import type { Facts } from '../../state/facts.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { candidateAddresses } from './spare-address.ts';

function factsWith(addresses: readonly string[], bridge = '10.89.4.1/24'): Facts {
  return {
    links: [{ name: 'podman1', index: 3, ethernet: true, type: 'bridge', addresses: [bridge] }],
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
    networks: [
      {
        engine: 'podman',
        name: 'mustredirect',
        backend: 'podman',
        exists: true,
        subnets: ['10.89.4.0/24'],
        attached: [{ name: 'web', running: true, addresses }],
      },
    ],
    ledger: emptyLedger,
    xfrm: true,
    owned: [],
  };
}

describe('candidateAddresses', () => {
  it.each([
    ['10.89.4.0/24', [], '10.89.4.1/24', ['10.89.4.254', '10.89.4.253', '10.89.4.252']],
    ['10.89.4.0/24', ['10.89.4.253'], '10.89.4.254/24', ['10.89.4.252', '10.89.4.251', '10.89.4.250']],
    ['10.89.4.0/30', ['10.89.4.2'], '10.89.4.1/30', []],
    ['10.89.4.0/30', [], '10.89.4.1/30', ['10.89.4.2']],
    [
      '2001:db8:89:4::/64',
      ['2001:db8:89:4:ffff:ffff:ffff:fffd'],
      '2001:db8:89:4::1/64',
      ['e', 'c', 'b'].map((last) => `2001:db8:89:4:ffff:ffff:ffff:fff${last}`),
    ],
    ['2001:db8:89:4::/126', [], '2001:db8:89:4::1/126', ['2001:db8:89:4::2']],
  ])('of %s with %j and the bridge at %s', (subnet, attached, bridge, expected) => {
    expect(candidateAddresses(subnet, factsWith(attached, bridge), 'mustredirect')).toEqual(expected);
  });
});
