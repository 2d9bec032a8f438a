import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { mergeSubnets } from '../address/cidr.ts';
import type { HostObject } from '../state/objects.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { desiredState } from './desired.ts';

function network(index: number, different: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    name: `net${index}`,
    engine: 'external',
    subnets: [`10.90.${2 * index}.0/24`],
    direct: [],
    blocked: [],
    gateway: 'office',
    nextHops: ['192.168.50.2'],
    ...different,
  };
}

function objects(count: number, mark?: number, first: Partial<NodeNetwork> = {}): HostObject[] {
  const networks = Array.from({ length: count }, (_, i) => network(i, i === 0 ? first : {}));
  const role = { host: 'here', addresses: [], networks, gateways: [] };
  const office = { members: [], snat: 'masquerade' as const, ...(mark === undefined ? {} : { mark }) };
  return desiredState(role, { office }, givenFacts()).wanted.map(({ object }) => object);
}

function chainOf(found: readonly HostObject[], name: string): readonly string[] {
  return found.flatMap((o) => (o.kind === 'nft-chain' && o.name === name ? o.rules : []));
}

function rulesBySource(found: readonly HostObject[]): number {
  return found.filter((o) => o.kind === 'rule' && o.from !== undefined).length;
}

describe('steering by mark', () => {
  it.each([
    [8, 16],
    [9, 0],
  ])('of %i networks has %i rules by source', (count, expected) => {
    expect(rulesBySource(objects(count))).toBe(expected);
  });

  it('counts subnets that merge once', () => {
    const subnets = Array.from({ length: 32 }, (_, i) => `10.80.${i}.0/24`);
    expect(mergeSubnets(subnets)).toHaveLength(1);
    expect(rulesBySource(objects(8, undefined, { subnets }))).toBe(16);
  });

  it.each([0x1, 0x21, 0x80000000])('writes mark %i, and matches it with the bit of what was seen', (mark) => {
    const found = objects(9, mark);
    const bits = (mark | 0x80) >>> 0;
    expect(chainOf(found, 'to4_office')).toContain(
      `meta mark set meta mark & 0xffffefff | 0x${bits.toString(16)}`,
    );
    const fwmark = { value: bits, mask: bits };
    expect(found.filter((o) => o.kind === 'rule' && o.preference === 4100)).toMatchObject([{ fwmark }]);
    expect(found.filter((o) => o.kind === 'rule' && o.preference === 4200)).toMatchObject([{ fwmark }]);
  });

  it('takes the bit from what comes from nowhere redirected', () => {
    expect(chainOf(objects(9, 1), 'prerouting').at(-1)).toBe(
      'meta mark & 0x80 == 0x80 meta mark set meta mark & 0xffffff7e',
    );
  });

  it('marks what goes nowhere as nothing that was seen', () => {
    const found = objects(10, 1, { blocked: [4] });
    const map = found.find((o) => o.kind === 'nft-set' && o.name === 'steer4_24');
    expect(map).toMatchObject({ elements: expect.arrayContaining(['10.90.0.0 : goto unseen4']) as unknown });
    expect(chainOf(found, 'unseen4')).toContain('meta mark set meta mark & 0xffffef7e');
  });
});
