/** Parts of a host's role, as tests need them. */
import type { NodeNetwork } from '../../src/topology/role.ts';

export function givenNodeNetwork(different: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    name: 'web',
    engine: 'external',
    subnets: ['10.89.4.0/24'],
    direct: [],
    blocked: [],
    gateway: 'office',
    nextHops: ['192.168.50.2'],
    ...different,
  };
}
