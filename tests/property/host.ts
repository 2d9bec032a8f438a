/** The host that random files are about. */
import * as fc from 'fast-check';
import { families } from '../../src/address/cidr.ts';
import type { Target } from '../../src/inspect/prepare.ts';
import { createEngines } from '../../src/engines/index.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { createFakeHost, type FakeHost } from '../fake-host/fake-host.ts';
import { networkFile } from '../fake-host/podman.ts';
import { here, networkName, subnets, subnetsOf } from './specs.ts';
import { inFamily, twin } from './twins.ts';

const engines = createEngines({});

/** What differs from one host to the next. */
export interface Setup {
  readonly backend: 'cni' | 'netavark';
  readonly forwarding: boolean;
  /** of these, podman has networks already */
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
    // The wrong way out.
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
    files: new Map(files),
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
