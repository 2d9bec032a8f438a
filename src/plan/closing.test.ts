import { describe, expect, it } from 'vitest';
import { runNft } from '../../tests/fake-host/nft.ts';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import { desiredState } from '../desired/desired.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole, NodeNetwork } from '../topology/role.ts';
import type { Action } from '../kinds/action.ts';
import { flowsOfClosingSets, closingObjects } from './closing.ts';
import { makePlan } from './make-plan.ts';
import { natMemory } from './nat-memory.ts';
import { changeTable } from './nft-text.ts';
import type { Plan } from './step.ts';

const network = (subnet: string, direct: readonly string[] = []): NodeNetwork =>
  givenNodeNetwork({ name: `net-${subnet}`, subnets: [subnet], direct });

function desired(...networks: readonly NodeNetwork[]) {
  const role: HostRole = { host: 'here', addresses: [], networks, gateways: [] };
  return desiredState(role, {}, givenFacts());
}

function objectsOf(...networks: readonly NodeNetwork[]): HostObject[] {
  return desired(...networks)
    .wanted.map(({ object }) => object)
    .filter(({ kind }) => kind !== 'sysctl');
}

function planBetween(before: readonly NodeNetwork[], after: readonly NodeNetwork[]): Plan {
  return makePlan(objectsOf(...before), desired(...after), natMemory(desired(...before)));
}

const web = network('10.89.4.0/24');
const mail = network('10.90.0.0/16');

function hasClosingChain(action: Action | undefined): boolean {
  return (
    action !== undefined && 'text' in action && action.text.includes('chain inet mustredirect closing {')
  );
}

function flowsOf(action: Action): readonly Flows[] {
  return action.kind === 'open' ? action.flows : [];
}

describe('a removed redirect', () => {
  it.each<[string, readonly NodeNetwork[], readonly NodeNetwork[], readonly Flows[]]>([
    ['all networks', [web], [], [{ from: '10.89.4.0/24' }]],
    [
      'one of several networks',
      [web, mail],
      [web],
      [{ from: '10.90.0.0/16' }, { from: '10.89.4.0/24', to: '10.90.0.0/16' }],
    ],
    [
      'a direct destination',
      [web],
      [network('10.89.4.0/24', ['1.1.1.1/32'])],
      [{ from: '10.89.4.0/24', to: '1.1.1.1/32' }],
    ],
    [
      'another subnet',
      [web],
      [mail],
      [
        { from: '10.89.4.0/24', to: '10.90.0.0/16' },
        { from: '10.89.4.0/24' },
        { from: '10.90.0.0/16', to: '10.89.4.0/24' },
      ],
    ],
  ])(
    'is closed before any removal, and its conntrack entries are deleted before it opens: %s',
    (_, before, after, flows) => {
      const { steps } = planBetween(before, after);
      const changes = steps.filter(({ lines }) => lines.some(({ sign }) => sign === '-' || sign === '~'));
      // Connections are reset first, while their packets take the old egress.
      expect(steps[0]?.do.kind).toBe('reset-connections');
      const closing = steps.findIndex((step) => hasClosingChain(step.do));
      expect(closing).toBeLessThanOrEqual(steps.findIndex((step) => changes.includes(step)));
      const last = steps.at(-1);
      expect(last?.do.kind).toBe('open');
      expect(last && flowsOf(last.do)).toEqual(flows);
      // Undo closes the flows again first.
      expect(hasClosingChain(last?.undo)).toBe(true);
    },
  );

  it('is undone in the same order: close, delete conntrack entries, open', () => {
    const { steps } = planBetween([], [web]);
    const [first] = steps;
    expect(first?.undo).toMatchObject({ kind: 'open', flows: [{ from: '10.89.4.0/24' }] });
    expect(first?.undo?.kind === 'open' && first.undo.close).toContain('@closing4_24');
    expect(hasClosingChain(first?.do)).toBe(false);
  });

  it('is undone without a gap: closing objects are only added', () => {
    for (const [before, after] of [
      [[], [web]],
      [[web], [web, mail]],
      [[web], [mail]],
      [[web], [network('10.89.4.0/25')]],
    ] as const) {
      const closes = planBetween(before, after).steps.flatMap(({ undo }) =>
        undo?.kind === 'open' && undo.close !== undefined ? undo.close.trimEnd().split('\n') : [],
      );
      expect(closes).not.toEqual([]);
      for (const line of closes)
        expect(line).toMatch(/^add |^flush chain inet mustredirect closing(_replies)?$/);
    }
  });

  it.each<[string, number, boolean]>([
    ['rules', 1, true],
    ['a mark', 12, true],
    ['rules, without a ledger', 1, false],
    ['a mark, without a ledger', 12, false],
  ])('is closed and its entries are deleted even if our table is gone: steered by %s', (_, count, known) => {
    const networks = Array.from({ length: count }, (__, index) => network(`10.89.${index * 2}.0/24`));
    const memory = known ? natMemory(desired(...networks)) : {};
    const left = objectsOf(...networks).filter(({ kind }) => kind !== 'nft-set' && kind !== 'nft-chain');
    const { steps } = makePlan(left, desired(), memory);
    const last = steps.at(-1);
    expect(last && flowsOf(last.do)).toEqual(networks.map(({ subnets: [from] }) => ({ from })));
    expect(steps.slice(0, 2).some((step) => hasClosingChain(step.do))).toBe(true);
  });

  it('is closed for all destinations when the destination is 0.0.0.0/0', () => {
    expect(flowsOfClosingSets(closingObjects([{ from: '10.89.4.0/24', to: '0.0.0.0/0' }], true))).toEqual([
      { from: '10.89.4.0/24' },
    ]);
  });

  it('stays closed after an interrupted run, also without a ledger', () => {
    const closed = closingObjects([{ from: '10.89.4.0/24' }], true);
    expect(closed.length).toBe(5);
    const { steps } = makePlan(closed, desired(), {});
    expect(steps.map((step) => step.do)).toEqual([
      { kind: 'open', flows: [{ from: '10.89.4.0/24' }], text: 'delete table inet mustredirect\n' },
    ]);
  });
});

it('closing sets count sent packets and no replies, so that a stopped node does not count as sending', () => {
  const objects = closingObjects([{ from: '10.89.4.0/24' }, { from: 'fd89::/64' }], false);
  const counted = objects.flatMap((object) =>
    object.kind === 'nft-set' && object.counted ? `@${object.name} ` : [],
  );
  expect(counted).toEqual(['@closing4_24 ', '@closing6_64 ']);
  const asked = objects.flatMap((object) => (object.kind === 'nft-chain' ? object.rules : []));
  const counting = asked.filter((rule) => counted.some((name) => rule.includes(name)));
  expect(counting).toEqual([
    expect.stringMatching(/ip saddr & 255.255.255.0 == @closing4_24 counter drop$/),
    expect.stringMatching(/ip6 saddr & ffff:ffff:ffff:ffff:: == @closing6_64 counter drop$/),
  ]);
});

describe('closed flows', () => {
  it.each<[string, readonly Flows[]]>([
    ['neighbours', [{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24' }]],
    ['a subnet in another', [{ from: '10.89.0.0/16' }, { from: '10.89.4.0/24' }]],
    [
      'a subnet, and a destination of its half',
      [
        { from: '10.89.4.0/24' },
        { from: '10.89.4.0/25', to: '1.1.1.1/32' },
        { from: 'fd89::/64', to: 'fd00::/8' },
      ],
    ],
    [
      'overlapping destinations',
      [
        { from: '10.89.4.0/24', to: '10.0.0.0/8' },
        { from: '10.89.4.0/24', to: '10.1.0.0/16' },
      ],
    ],
    ['single addresses', [{ from: '10.89.4.7/32' }, { from: 'fd89::7/128', to: 'fd00::9/128' }]],
    ['none', []],
  ])('are read back from hash sets: %s', (_, flows) => {
    const objects = closingObjects(flows, true);
    expect(flowsOfClosingSets(objects)).toEqual(flows);
    expect(objects.filter((object) => object.kind === 'nft-set' && !object.exact)).toEqual([]);
    const { state } = createFakeHost({ links: [] });
    const input = objects.length > 0 ? changeTable([], objects) : '';
    expect(runNft(state, ['-f', '-'], { input, changed: () => {} })).toMatchObject({ exitCode: 0 });
  });
});
