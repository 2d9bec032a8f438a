import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { actualState } from './actual.ts';
import type { Sysctl } from '../kinds/sysctl/schema.ts';

const found = {
  'net.ipv4.ip_forward': '0',
  'net.ipv4.conf.all.accept_redirects': '1',
  'net/ipv4/conf/eth0/forwarding': '1',
  'net.ipv6.conf.all.forwarding': '0',
  'net/ipv6/conf/eth0.7/forwarding': '1',
};

function wanted(name: string): Sysctl {
  return { kind: 'sysctl', name, value: '1' };
}

describe('a desired sysctl', () => {
  it.each([
    [
      'net.ipv4.ip_forward',
      { 'net.ipv4.conf.all.accept_redirects': '1', 'net/ipv4/conf/eth0/forwarding': '1' },
    ],
    ['net.ipv6.conf.all.forwarding', { 'net/ipv6/conf/eth0.7/forwarding': '1' }],
  ])('%s has sysctls of its own family alongside', (name, alongside) => {
    expect(actualState(givenFacts({ sysctls: found }), [wanted(name)])).toEqual([
      { kind: 'sysctl', name, value: '0', alongside },
    ]);
  });

  it('is absent when the kernel lacks the family', () => {
    const facts = givenFacts({ sysctls: { 'net.ipv4.ip_forward': '0' } });
    expect(actualState(facts, [wanted('net.ipv6.conf.all.forwarding')])).toEqual([]);
  });
});
