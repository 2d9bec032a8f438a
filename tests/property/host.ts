/** Host of the random files. */
import * as fc from 'fast-check';
import { families } from '../../src/address/cidr.ts';
import type { Target } from '../../src/inspect/prepare.ts';
import { createEngines } from '../../src/engines/index.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { createFakeHost, type FakeHost } from '../fake-host/fake-host.ts';
import { keyPairs } from '../given/keys.ts';
import { networkFile } from '../fake-host/podman.ts';
import { here, networkName, subnets, subnetsOf } from './specs.ts';
import { inFamily, twin } from './twins.ts';

const engines = createEngines({});

/** Differences between hosts. */
export interface Setup {
  readonly backend: 'cni' | 'netavark';
  readonly forwarding: boolean;
  /** networks that podman already has */
  readonly networks: readonly { readonly subnet: string; readonly masquerade: boolean }[];
}

export const setups: fc.Arbitrary<Setup> = fc.record({
  backend: fc.constantFrom('cni', 'netavark'),
  forwarding: fc.boolean(),
  networks: fc.uniqueArray(fc.record({ subnet: fc.constantFrom(...subnets), masquerade: fc.boolean() }), {
    selector: ({ subnet }) => subnet,
    maxLength: 3,
  }),
});

const plain: Setup = { backend: 'cni', forwarding: false, networks: [] };

export const forwardingPaths = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'];

const keyFiles = [1, 2].map(
  (number) => [`/etc/mustredirect/${number}.key`, `${keyPairs[number - 1]?.privateKey}\n`] as const,
);

export function newHost({ backend, forwarding, networks }: Setup = plain): FakeHost {
  const files = networks.map(({ subnet, masquerade }, i) =>
    networkFile(backend, {
      name: networkName(subnet),
      subnets: subnetsOf(subnet),
      bridge: `podman${i + 10}`,
      masquerade,
    }),
  );
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: both(here, 24), pointToPoint: false },
      { name: 'eth1', up: true, addresses: both('172.31.1.1', 30), pointToPoint: false },
      { name: 'br0', up: true, addresses: both('10.1.0.1', 25), pointToPoint: false },
      { name: 'gre1', up: true, addresses: both('172.31.2.1', 30), pointToPoint: true },
      { name: 'gre2', up: true, addresses: both('172.31.3.1', 30), pointToPoint: true },
    ],
    // Default routes to the wrong next hop.
    routes: families.map((family) => ({
      family,
      type: 'unicast',
      table: 254,
      destination: 'default',
      metric: family === 4 ? 0 : 1024,
      via: inFamily(family, '192.168.50.1'),
      device: 'eth0',
      protocol: 3,
    })),
    files: new Map([...files, ...keyFiles]),
    podman: { backend, containers: [] },
    sysctls: forwarding ? Object.fromEntries(forwardingPaths.map((path) => [path, '1'])) : {},
  });
}

function both(address: string, length: number): string[] {
  return [`${address}/${length}`, `${twin(address)}/${length + 96}`];
}

export function targetOf(host: FakeHost, spec: Spec): Target {
  return { host, engines, role: hostRole(spec, 'here'), gateways: spec.gateways };
}
