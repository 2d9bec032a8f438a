import { expect, it } from 'vitest';
import { lostAddress } from './lost-address.ts';

const network = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24', '2001:db8:89:4::/64'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
} as const;
const bridge = (addresses: readonly string[], down?: true) => ({
  name: 'podman1',
  index: 7,
  ethernet: true,
  addresses,
  ...(down ? { down } : {}),
});

it('warns if the bridge has an address of one subnet, and none of another', () => {
  expect(lostAddress(network, bridge(['10.89.4.1/24', 'fe80::1/64']))).toEqual([
    {
      message:
        'network web: its bridge podman1 has no address of 2001:db8:89:4::/64, so its containers reach nothing by IPv6',
      hint: expect.stringContaining('`ip address add 2001:db8:89:4::1/64 dev podman1`') as unknown,
    },
  ]);
});

it.each([
  ['it has an address of each', bridge(['10.89.4.254/24', '2001:db8:89:4::1/64'])],
  ['it has none at all', bridge(['fe80::1/64'])],
  ['it is down', bridge(['10.89.4.1/24'], true)],
  ['it is not there', undefined],
])('does not warn if %s', (_, link) => {
  expect(lostAddress(network, link)).toEqual([]);
});

it('does not warn for a family that is blocked', () => {
  expect(lostAddress({ ...network, blocked: [6] }, bridge(['10.89.4.1/24']))).toEqual([]);
});
