import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import type { Gateway } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import { emptyLedger } from '../../state/ledger.ts';
import type { HostRole } from '../../topology/role.ts';
import { chooseNumbers } from './numbers.ts';

const network = (gateway: string) => ({
  name: `net-${gateway}`,
  engine: 'external' as const,
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway,
  nextHops: ['192.168.50.2'],
});

function choose(
  names: readonly string[],
  facts: Partial<Facts> = {},
  more: Record<string, Partial<Gateway>> = {},
) {
  const role: HostRole = { host: 'node1', addresses: [], networks: names.map(network), gateways: [] };
  const gateways = Object.fromEntries(
    names.map((name): [string, Gateway] => [name, { members: [], snat: 'none', ...more[name] }]),
  );
  const { numbers, refusals } = chooseNumbers(role, gateways, givenFacts(facts));
  return { ...numbers, refused: refusals.map(({ message }) => message) };
}

describe('tables and marks', () => {
  it('are the first free ones for each gateway', () => {
    expect(choose(['office', 'home'])).toEqual({
      gateways: { office: { table: 0x888, mark: 1 }, home: { table: 0x889, mark: 2 } },
      bypassBit: 0x1000,
      checkedBit: 0x80,
      ownerBit: 0x400,
      refused: [],
    });
  });

  it('are not those of existing tables, other programs’ rules, or named tables', () => {
    const { gateways } = choose(['office'], {
      usedTables: [0x888],
      foreignRules: [{ family: 4, preference: 5, table: 0x889 }],
      namedTables: [0x88a],
    });
    expect(gateways['office']?.table).toBe(0x88b);
  });

  it.each([
    ['the mark of Istio', 0x539, { checkedBit: 0x80, ownerBit: undefined }],
    ['the mark of the manual recipe', 0x888, { checkedBit: 0x400, ownerBit: 0x100 }],
    ['the mark of wg-quick', 0xca6c, { checkedBit: 0x80, ownerBit: 0x400 }],
  ])('have no bits of %s', (_, value, bits) => {
    const foreignRules = [{ family: 4 as const, preference: 5, fwmark: { value, mask: 0xffffffff } }];
    const { checkedBit, ownerBit, bypassBit = 0 } = choose(['office'], { foreignRules });
    expect({ checkedBit, ownerBit }).toEqual(bits);
    expect(value & bypassBit).toBe(0);
  });

  it('are not those that the file gives to another gateway', () => {
    const { gateways } = choose(['office', 'home'], {}, { home: { table: 0x888, mark: 1 } });
    expect(gateways).toEqual({ office: { table: 0x889, mark: 2 }, home: { table: 0x888, mark: 1 } });
  });

  it('stay the same in later runs', () => {
    const ledger = { ...emptyLedger, gateways: { home: { table: 0x888, mark: 1 } }, bypassBit: 0x200 };
    expect(choose(['office', 'home'], { ledger })).toMatchObject({
      gateways: { office: { table: 0x889, mark: 2 }, home: { table: 0x888, mark: 1 } },
      bypassBit: 0x200,
    });
  });

  it('change if another program has taken the table since', () => {
    const ledger = { ...emptyLedger, gateways: { office: { table: 0x888, mark: 1 } } };
    expect(choose(['office'], { ledger, usedTables: [0x888] }).gateways['office']?.table).toBe(0x889);
  });

  it.each([
    // wg-quick: one exact value
    [{ value: 1, mask: 0xffffffff }, 2],
    // another program's own bits
    [{ value: 1, mask: 0x3 }, 4],
    // Tailscale
    [{ value: 0x80000, mask: 0xff0000 }, 1],
  ])('do not match a foreign rule with %j', (fwmark, mark) => {
    const facts = { foreignRules: [{ family: 4 as const, preference: 5, fwmark }] };
    expect(choose(['office'], facts).gateways['office']?.mark).toBe(mark);
  });

  it.each([
    [0x1000, 0x100],
    [0x3f00, undefined],
  ])('do not have the bypass bit in foreign mask %i', (mask, bit) => {
    const facts = { foreignRules: [{ family: 4 as const, preference: 5, fwmark: { value: mask, mask } }] };
    const { bypassBit, refused } = choose(['office'], facts);
    expect(bypassBit).toBe(bit ?? 0);
    expect(refused).toHaveLength(bit === undefined ? 1 : 0);
  });

  it('of the file are refused if another program uses them', () => {
    const facts = {
      usedTables: [300],
      foreignRules: [{ family: 4 as const, preference: 5, fwmark: { value: 0x10, mask: 0xf0 } }],
    };
    expect(choose(['office'], facts, { office: { table: 300, mark: 0x10 } }).refused).toEqual([
      'gateway office: table 300 is used by another program on this host',
      'gateway office: mark 0x10 collides with rule 5 (fwmark mask 0xf0)',
    ]);
  });

  it.each([
    ['Tailscale', { preference: 5210, fwmark: { value: 0x80000, mask: 0xff0000 }, table: 254 }, 0x40000],
    ['Cilium', { preference: 9, fwmark: { value: 0x200, mask: 0xf00 }, table: 2004 }, 0x300],
    ['mwan3', { preference: 2001, fwmark: { value: 0x100, mask: 0x3f00 }, table: 1 }, 0x100],
    ['wg-quick', { preference: 32764, fwmark: { value: 51820, mask: 0xffffffff }, table: 51820 }, 51820],
    [undefined, { preference: 5210, fwmark: { value: 0x1, mask: 0x1 }, table: 7 }, 0x1],
  ])('are refused with the owner of the colliding rule: %s', (owner, rule, mark) => {
    const facts = { foreignRules: [{ family: 4 as const, ...rule }] };
    const of = owner === undefined ? '' : ` of ${owner}`;
    expect(choose(['office'], facts, { office: { mark } }).refused).toContain(
      `gateway office: mark 0x${mark.toString(16)} collides with rule ${rule.preference}${of} (fwmark mask 0x${rule.fwmark.mask.toString(16)})`,
    );
  });

  it.each([
    [52, 'Tailscale'],
    [2005, 'Cilium'],
    [51820, 'wg-quick'],
    [3, 'mwan3'],
    [300, 'another program'],
  ])('are refused with the owner of a table: %i, %s', (table, owner) => {
    const fwmark = { value: 0x300, mask: 0x3f00 };
    const facts = {
      usedTables: [table],
      foreignRules: [{ family: 4 as const, preference: 2003, fwmark, table: 3 }],
    };
    expect(choose(['office'], facts, { office: { table } }).refused[0]).toBe(
      `gateway office: table ${table} is used by ${owner} on this host`,
    );
  });

  it.each([
    ['kube-proxy', 'ip nat KUBE-SERVICES', 0x4000, '0xc000'],
    ['kube-proxy', 'ip kube-proxy services', 0x8000, '0xc000'],
    ['Calico', 'ip filter cali-FORWARD', 0x10000, '0xffff0000'],
    ['Tailscale', 'ip filter ts-forward', 0x20000, '0xff0000'],
    ['mwan3', 'ip mangle mwan3_hook', 0x200, '0x3f00'],
    ['netavark', 'ip nat NETAVARK-HOSTPORT-SETMARK', 0x2000, '0x2000'],
    ['CNI portmap', 'ip nat CNI-HOSTPORT-SETMARK', 0x2000, '0x2000'],
    ['wg-quick', 'ip wg-quick-wg0 premangle', 51820, '0xffffffff'],
  ])('collide with marks of %s, if its chains exist', (owner, chain, mark, mask) => {
    const [family = '', table = '', name = ''] = chain.split(' ');
    const facts = {
      foreignChains: [
        { family: 'ip', table: 'filter', name: 'INPUT' },
        { family, table, name },
      ],
    };
    expect(choose(['office'], facts, { office: { mark } }).refused).toContain(
      `gateway office: mark 0x${mark.toString(16)} collides with ${owner} (fwmark mask ${mask})`,
    );
    expect(choose(['office'], {}, { office: { mark } }).refused).toEqual([]);
  });
});

describe('a gateway whose members share connections', () => {
  const members = ['gw1', 'gw2'].map((host) => ({ host, addresses: [] }));
  const role: HostRole = {
    host: 'node1',
    addresses: [],
    networks: [network('office')],
    gateways: [],
    failover: [
      {
        name: 'office',
        balance: true,
        members,
        targets: [],
        policy: { interval: 200, fall: 3, rise: 10, failback: 30_000 },
      },
    ],
  };
  const gateways = { office: { members: [], snat: 'none' } as Gateway };
  const refusedWith = (facts: Partial<Facts>): string[] =>
    chooseNumbers(role, gateways, givenFacts(facts)).refusals.map(({ message }) => message);

  it('has a mark and a table for each member', () => {
    expect(refusedWith({})).toEqual([]);
  });

  it('is refused where no mark is left for a member, or no bit tells our marks from others', () => {
    const everyTable = Array.from({ length: 0x1000 - 0x888 }, (_, i) => 0x888 + i);
    expect(refusedWith({ usedTables: everyTable.slice(2) })).toEqual([
      'gateway office: no free routing table or mark is left for member gw2',
    ]);
    const fwmark = { value: 0x500, mask: 0x500 };
    expect(refusedWith({ foreignRules: [{ family: 4, preference: 5, fwmark }] })).toEqual([
      'no fwmark bit is free for packets of gateway office, whose members share connections',
    ]);
  });
});
