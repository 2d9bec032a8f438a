import { describe, expect, it } from 'vitest';
import { innerTarget } from './inner-target.ts';

const others = [{ address: '203.0.113.1' }, { address: '2001:db8::1' }];

describe('innerTarget', () => {
  it.each([
    ['the other address of a /30', {}, { addresses: ['172.31.0.1/30'] }, '172.31.0.2', true],
    [
      'that of IPv4, if there are two',
      {},
      { addresses: ['2001:db8:31::1/127', '172.31.0.1/31'] },
      '172.31.0.0',
      true,
    ],
    ['that of a /126', {}, { addresses: ['2001:db8:31::1/126'] }, '2001:db8:31::2', true],
    [
      'the next hop of the file',
      { via: ['172.31.0.9'] },
      { addresses: ['172.31.0.1/24'] },
      '172.31.0.9',
      true,
    ],
    [
      'the peer of an address',
      {},
      { addresses: ['172.31.0.1/32'], peers: ['172.31.0.7/32'] },
      '172.31.0.7',
      true,
    ],
    ['another, if the far end is not known', {}, { addresses: ['172.31.0.1/24'] }, '203.0.113.1', false],
    ['another of its family', {}, { addresses: ['2001:db8:31::1/64'] }, '2001:db8::1', false],
    ['another, without any address', {}, { addresses: [] }, '203.0.113.1', false],
  ])('is %s', (_, uplink, link, address, isFarEnd) => {
    expect(innerTarget(uplink, link, others)).toEqual({ address, isFarEnd });
  });

  it('is nobody without others', () => {
    expect(innerTarget({}, { addresses: [] }, [])).toBeUndefined();
  });
});
