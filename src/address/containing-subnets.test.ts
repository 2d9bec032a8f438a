import { expect, it } from 'vitest';
import { containingSubnets } from './containing-subnets.ts';

it('containingSubnets finds the subnet of each address', () => {
  const subnets = ['10.0.2.0/24', '10.0.0.0/24', '10.0.4.7/32', '2001:db8::/64', '10.0.0.0/25'];
  const addresses = [
    '10.0.0.9',
    '10.0.1.1',
    '10.0.2.255',
    '10.0.0.9',
    '10.0.4.7',
    '2001:db8::1',
    '2001:db9::1',
  ];
  expect([...containingSubnets(subnets, addresses)]).toEqual([
    ['10.0.0.9', '10.0.0.0/24'],
    ['10.0.2.255', '10.0.2.0/24'],
    ['10.0.4.7', '10.0.4.7/32'],
    ['2001:db8::1', '2001:db8::/64'],
  ]);
});
