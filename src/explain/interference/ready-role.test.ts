import { describe, expect, it } from 'vitest';
import type { HostRole } from '../../topology/role.ts';
import { readyRole } from './ready-role.ts';

const role: HostRole = {
  host: 'node1',
  addresses: [],
  networks: [
    {
      name: 'web',
      engine: 'external',
      subnets: ['10.89.4.0/24', 'fd89:4::/64'],
      direct: [],
      blocked: [],
      gateway: 'office',
      nextHops: [],
    },
  ],
  gateways: [
    {
      name: 'own',
      uplink: { device: 'gre1' },
      snat: 'none',
      served: [{ network: 'far', node: 'node2', subnet: '10.90.0.0/24', nodeAddress: '192.168.50.11' }],
    },
  ],
};
const why = { message: 'is not on a connected link', hint: 'check the addresses' };

describe('readyRole', () => {
  it('returns the whole role when everything is ready', () => {
    expect(readyRole(role, [])).toBe(role);
  });

  it.each<[string, 4 | 6 | undefined, readonly string[]]>([
    ['network web', 6, ['10.89.4.0/24']],
    ['gateway office', 4, ['fd89:4::/64']],
    ['network other', undefined, ['10.89.4.0/24', 'fd89:4::/64']],
  ])('without %s in family %s has subnets %j', (what, family, subnets) => {
    const one = { what, ...why, ...(family === undefined ? {} : { family }) };
    expect(readyRole(role, [one]).networks).toMatchObject([{ subnets }]);
  });

  it.each(['network web', 'gateway office'])('omits a network without %s', (what) => {
    expect(readyRole(role, [{ what, ...why }]).networks).toEqual([]);
  });

  it.each(['gateway own', 'network far on node2'])('omits a gateway without %s', (what) => {
    expect(readyRole(role, [{ what, family: 4, ...why }]).gateways).toEqual([]);
  });
});
