import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import { mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostObject } from '../../kinds/index.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { desiredState } from '../desired.ts';

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

function objects(
  count: number,
  mark?: number,
  first: Partial<NodeNetwork> = {},
  facts: Partial<Facts> = {},
): HostObject[] {
  const networks = Array.from({ length: count }, (_, i) => network(i, i === 0 ? first : {}));
  const role = { host: 'here', addresses: [], networks, gateways: [] };
  const office = { members: [], snat: 'masquerade' as const, ...(mark === undefined ? {} : { mark }) };
  return desiredState(role, { office }, givenFacts(facts)).wanted.map(({ object }) => object);
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
  ])('of %i networks needs %i rules by source', (count, expected) => {
    expect(rulesBySource(objects(count))).toBe(expected);
  });

  it('counts merged subnets', () => {
    const subnets = Array.from({ length: 32 }, (_, i) => `10.80.${i}.0/24`);
    expect(mergeSubnets(subnets)).toHaveLength(1);
    expect(rulesBySource(objects(8, undefined, { subnets }))).toBe(16);
  });

  it.each([0x1, 0x21, 0x80000000])('sets mark %i, and matches it together with the owner bit', (mark) => {
    const found = objects(9, mark);
    const bits = (mark | 0x400) >>> 0;
    expect(chainOf(found, 'to4_office')).toContain(
      `meta mark set meta mark & 0xffffefff | 0x${((bits | 0x80) >>> 0).toString(16)}`,
    );
    const fwmark = { value: bits, mask: bits };
    expect(found.filter((o) => o.kind === 'rule' && o.preference === 4100)).toMatchObject([{ fwmark }]);
    expect(found.filter((o) => o.kind === 'rule' && o.preference === 4200)).toMatchObject([{ fwmark }]);
  });

  it('has one xfrm policy that allows packets with the checked bit', () => {
    const policies = objects(9).filter((o) => o.kind === 'xfrm-policy');
    expect(policies.filter(({ bit }) => bit !== undefined)).toMatchObject([{ from: '0.0.0.0/0', bit: 0x80 }]);
    expect(policies).toHaveLength(10);
  });

  it('does not match or clear the mark of wg-quick', () => {
    const found = objects(9);
    const rules = found.flatMap((o) => (o.kind === 'rule' ? (o.fwmark ?? []) : []));
    expect(rules.length).toBeGreaterThan(3);
    expect(rules.filter(({ value, mask }) => (0xca6c & mask) === value)).toEqual([]);
    expect(chainOf(found, 'prerouting').at(-1)).toMatch(/^meta mark & 0x1480 != 0x0 /);
    expect(0xca6c & 0x1480).toBe(0);
  });

  it('needs a free owner bit', () => {
    const foreignRules = [{ family: 4 as const, preference: 5, fwmark: { value: 0x10, mask: 0x510 } }];
    expect(rulesBySource(objects(9, undefined, {}, { foreignRules }))).toBe(18);
  });

  it('clears our bits on packets that no redirected subnet sent', () => {
    expect(chainOf(objects(9, 1), 'prerouting').at(-1)).toBe(
      'meta mark & 0x1480 != 0x0 meta mark set meta mark & 0xffffeb7f',
    );
  });

  it('skips steering for packets of this host, in IPv6 too', () => {
    const networks = Array.from({ length: 9 }, (_, i) =>
      network(i, { subnets: [`fd00:0:0:${2 * i}::/64`], nextHops: ['fe80::1'] }),
    );
    const role = { host: 'here', addresses: [], networks, gateways: [] };
    const { wanted } = desiredState(role, { office: { members: [], snat: 'masquerade' } }, givenFacts());
    const rules = wanted.flatMap(({ object: o }) => (o.kind === 'rule' ? [o] : []));
    expect(rules).toContainEqual(expect.objectContaining({ family: 6, preference: 4050, device: 'lo' }));
  });

  it('does not set the checked bit on packets of a blocked network', () => {
    const found = objects(10, 1, { blocked: [4] });
    const map = found.find((o) => o.kind === 'nft-set' && o.name === 'steer4_24');
    expect(map).toMatchObject({
      elements: expect.arrayContaining(['10.90.0.0 : goto unchecked4']) as unknown,
    });
    expect(chainOf(found, 'unchecked4')).toContain('meta mark set meta mark & 0xffffeb7e');
  });
});
