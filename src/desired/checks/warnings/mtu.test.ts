import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../../tests/given/facts.ts';
import type { EngineName } from '../../../spec/spec.ts';
import type { Link, NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import { desiredNetwork } from '../../engines/networks.ts';
import { networkStates } from '../../engines/obstacles.ts';
import { hostWarnings } from './warnings.ts';

const web = {
  name: 'web',
  engine: 'podman' as const,
  subnets: ['10.89.4.0/24'],
  direct: [],
  gateway: 'office',
  blocked: [],
  nextHops: ['192.168.50.2'],
};

interface Given {
  /** MTU in the file */
  readonly uplink?: number;
  /** MTU of the link to the gateway */
  readonly link?: number;
  /** MTU of the network, from the engine */
  readonly engine?: number;
  readonly bridge?: number;
  readonly exists?: boolean;
  readonly by?: EngineName;
}

const mtuOf = (mtu: number | undefined): { mtu?: number } => (mtu === undefined ? {} : { mtu });

function given({ uplink, link, engine, bridge, exists = true, by = 'podman' }: Given) {
  const eth0: Link = {
    name: 'eth0',
    index: 2,
    ethernet: true,
    ...mtuOf(link),
    addresses: ['192.168.50.10/24'],
  };
  const br1: Link = {
    name: 'br1',
    type: 'bridge',
    index: 3,
    ethernet: true,
    ...mtuOf(bridge),
    addresses: ['10.89.4.1/24'],
  };
  const found: NetworkFacts = givenNetwork({
    engine: by,
    exists,
    subnets: exists ? ['10.89.4.0/24'] : [],
    ...mtuOf(engine),
  });
  return {
    network: { ...web, engine: by, ...(uplink === undefined ? {} : { uplinkMtu: uplink }) } as const,
    facts: givenFacts({ links: bridge === undefined ? [eth0] : [eth0, br1], networks: [found] }),
  };
}

const large = (mtu: number, what: string, takes: number): string =>
  `network web: its packets may have ${mtu} bytes, and ${what} takes ${takes}: larger packets depend on path MTU discovery`;
const uplink = 'the uplink of gateway office';
const lan = 'eth0, which leads to gateway office,';

describe('the MTU of a network', () => {
  it.each<[string, Given, string[]]>([
    ['is not compared with an unknown uplink MTU', { link: 1500, engine: 9000 }, []],
    ['is too large for the uplink', { uplink: 1476, link: 1500, engine: 1500 }, [large(1500, uplink, 1476)]],
    ['is too large on its bridge', { uplink: 1476, bridge: 1500 }, [large(1500, uplink, 1476)]],
    ['is too large with the kernel’s default', { uplink: 1476 }, [large(1500, uplink, 1476)]],
    ['is the engine’s, not its bridge’s', { uplink: 1476, engine: 1476, bridge: 1500 }, []],
    ['fits the uplink', { uplink: 1476, bridge: 1476 }, []],
    ['is too large for the link to the gateway', { link: 1400 }, [large(1500, lan, 1400)]],
    [
      'is too large for the link with the smallest MTU',
      { uplink: 1476, link: 1400 },
      [large(1500, lan, 1400)],
    ],
    ['is not checked before the network is created', { uplink: 1476, exists: false }, []],
  ])('%s', (_, about, expected) => {
    const { network, facts } = given(about);
    const warnings = hostWarnings({ networks: [network], gateways: [] }, facts);
    expect(warnings.map(({ message }) => message)).toEqual(expected);
  });

  it.each<[Given, string]>([
    [
      {},
      'recreate it: `podman network rm web`, then `podman network create --opt mtu=1476` with the same subnets',
    ],
    [
      { by: 'docker' },
      'recreate it: `docker network rm web`, then `docker network create --opt com.docker.network.driver.mtu=1476` with the same subnets',
    ],
    [
      { by: 'external' },
      "give its bridge, and its containers' devices, the smaller MTU: `ip link set DEVICE mtu 1476`",
    ],
  ])('has a hint for its engine: %o', (about, hint) => {
    const { network, facts } = given({ uplink: 1476, ...about });
    expect(hostWarnings({ networks: [network], gateways: [] }, facts)[0]?.hint).toBe(hint);
  });

  it.each<[Given, number | undefined]>([
    [{ uplink: 1476, exists: false }, 1476],
    [{ uplink: 1476, link: 1400, exists: false }, 1400],
    [{ link: 1500, exists: false }, undefined],
    [{ uplink: 9000, link: 9000, exists: false }, undefined],
    [{ uplink: 1476, engine: 1300 }, 1300],
    [{ uplink: 1476 }, undefined],
  ])('is set at creation, and not changed later: %o', (about, mtu) => {
    const { network, facts } = given(about);
    const [state] = networkStates([network], facts, false);
    const [wanted] = state ? desiredNetwork(state, facts).wanted : [];
    expect(wanted?.object).toEqual({
      kind: 'engine-network',
      engine: 'podman',
      name: 'web',
      subnets: ['10.89.4.0/24'],
      ...mtuOf(mtu),
    });
  });
});

describe('fragmented IPv6 packets', () => {
  const dual = ['10.89.4.0/24', 'fd04::/64'];
  const lost =
    'network web: fragmented IPv6 packets of its containers are lost: net.bridge.bridge-nf-call-ip6tables is 1, and the uplink of gateway office takes 1476 bytes';

  it.each<[string, Partial<NodeNetwork>, boolean, string[]]>([
    ['are lost with br_netfilter', { subnets: dual }, true, [lost]],
    ['are not lost without br_netfilter', { subnets: dual }, false, []],
    ['are not lost if the path MTU is the default', { subnets: dual, uplinkMtu: 1500 }, true, []],
    ['do not exist without an IPv6 subnet', {}, true, []],
    ['do not exist if IPv6 is blocked', { subnets: dual, blocked: [6] }, true, []],
  ])('%s', (_, different, bridgeFilter6, expected) => {
    const { network, facts } = given({ uplink: 1476, engine: 1280 });
    const warnings = hostWarnings(
      { networks: [{ ...network, ...different }], gateways: [] },
      { ...facts, bridgeFilter6 },
    );
    expect(warnings.map(({ message }) => message)).toEqual(expected);
  });
});

describe('the MTU of an uplink', () => {
  const warnings = (said: number | undefined, has: number | undefined): string[] => {
    const link: Link = { name: 'gre1', index: 4, ethernet: false, ...mtuOf(has), addresses: [] };
    const office = { name: 'office', snat: 'masquerade', served: [] } as const;
    const gateways = [{ ...office, uplink: { device: 'gre1', ...mtuOf(said) } }];
    return hostWarnings({ networks: [], gateways }, givenFacts({ links: [link] })).map(({ message, hint }) =>
      [message, hint].join('; '),
    );
  };

  it.each([
    [undefined, 1476],
    [1476, 1476],
    [1476, undefined],
  ])('gives no warning: %s in the file, %s on the device', (said, has) => {
    expect(warnings(said, has)).toEqual([]);
  });

  it('gives a warning with two remedies if it differs from the file', () => {
    expect(warnings(1476, 1400)).toEqual([
      'gateway office: the file says that its uplink gre1 has mtu 1476, and the device has 1400; ' +
        'write `mtu: 1400` into the file, or `ip link set gre1 mtu 1476`',
    ]);
  });
});
