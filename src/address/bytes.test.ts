import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressOfBytes } from './bytes.ts';
import { parseAddress } from './cidr.ts';

it.each([
  ['0a590407', '10.89.4.7'],
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['20010db8000000000000000000000000', '2001:db8::'],
  ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
  ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['20010db8000000010002000300040005', '2001:db8:0:1:2:3:4:5'],
])('%s is %s', (hex, address) => {
  const bytes = Buffer.from(`ff${hex}ff`, 'hex');
  expect(addressOfBytes(bytes, 1, bytes.length - 1)).toBe(address);
});

/** Many groups are 0, as in addresses of people. */
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));

it('gives the form that addresses of the file have', () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Buffer.from(groups.flatMap((one) => [one >> 8, one & 255]));
      const address = addressOfBytes(bytes, 0, 16);
      // IPv4 in IPv6 has a form of its own there, and is in no packet.
      if (!groups.slice(0, 5).some((one) => one > 0)) return;
      expect(address).toBe(parseAddress(groups.map((one) => one.toString(16)).join(':')));
    }),
  );
});
