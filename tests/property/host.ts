/** The host that random files are about. */
import type { Target } from '../../src/apply/prepare.ts';
import { createEngines } from '../../src/engines/index.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { hostRole } from '../../src/topology/role.ts';
import { createFakeHost, type FakeHost } from '../fake-host/fake-host.ts';
import { here } from './specs.ts';

const engines = createEngines({});

export function newHost(): FakeHost {
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: [`${here}/24`], pointToPoint: false },
      { name: 'eth1', up: true, addresses: ['172.31.1.1/30'], pointToPoint: false },
      { name: 'br0', up: true, addresses: ['10.1.0.1/25'], pointToPoint: false },
      { name: 'gre1', up: true, addresses: ['172.31.2.1/30'], pointToPoint: true },
      { name: 'gre2', up: true, addresses: ['172.31.3.1/30'], pointToPoint: true },
    ],
    // The wrong way out.
    routes: [
      {
        type: 'unicast',
        table: 254,
        destination: 'default',
        metric: 0,
        via: '192.168.50.1',
        device: 'eth0',
        protocol: 3,
      },
    ],
  });
}

export function targetOf(host: FakeHost, spec: Spec): Target {
  return { host, engines, role: hostRole(spec, 'here'), gateways: spec.gateways };
}
