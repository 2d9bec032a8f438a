import { describe, expect, it } from 'vitest';
import { runNft } from '../../tests/fake-host/nft.ts';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { givenFacts } from '../../tests/given/facts.ts';
import { desiredState } from '../desired/desired.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole, NodeNetwork } from '../topology/role.ts';
import type { Action } from '../kinds/action.ts';
import { closedFlows, closingObjects } from './closing.ts';
import { makePlan } from './make-plan.ts';
import { changeTable } from './nft-text.ts';

const network = (subnet: string, direct: readonly string[] = []): NodeNetwork => ({
  name: `net-${subnet}`,
  engine: 'external',
  subnets: [subnet],
  direct,
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2'],
});

function desired(...networks: readonly NodeNetwork[]) {
  const role: HostRole = { host: 'here', addresses: [], networks, gateways: [] };
  return desiredState(role, {}, givenFacts());
}

function objectsOf(...networks: readonly NodeNetwork[]): HostObject[] {
  return desired(...networks)
    .wanted.map(({ object }) => object)
    .filter(({ kind }) => kind !== 'sysctl');
}

const web = network('10.89.4.0/24');
const mail = network('10.90.0.0/16');

function closesIn(action: Action | undefined): boolean {
  return (
    action !== undefined && 'text' in action && action.text.includes('chain inet mustredirect closing {')
  );
}

function flowsOf(action: Action): readonly Flows[] {
  return action.kind === 'open' ? action.flows : [];
}

describe('a redirect that ends', () => {
  it.each<[string, readonly NodeNetwork[], readonly NodeNetwork[], readonly Flows[]]>([
    ['all of them', [web], [], [{ from: '10.89.4.0/24' }]],
    [
      'one of several',
      [web, mail],
      [web],
      [{ from: '10.90.0.0/16' }, { from: '10.89.4.0/24', to: '10.90.0.0/16' }],
    ],
    [
      'for a destination',
      [web],
      [network('10.89.4.0/24', ['1.1.1.1/32'])],
      [{ from: '10.89.4.0/24', to: '1.1.1.1/32' }],
    ],
    [
      'for another',
      [web],
      [mail],
      [
        { from: '10.89.4.0/24', to: '10.90.0.0/16' },
        { from: '10.89.4.0/24' },
        { from: '10.90.0.0/16', to: '10.89.4.0/24' },
      ],
    ],
  ])(
    'is closed before anything goes, and opens as the last thing, forgotten: %s',
    (_, before, after, flows) => {
      const { steps } = makePlan(objectsOf(...before), desired(...after));
      const ways = steps.filter(({ lines }) => lines.some(({ sign }) => sign === '-' || sign === '~'));
      // Connections are told of it before anything else, while their packets go the old way.
      expect(steps[0]?.do.kind).toBe('reset-connections');
      const closes = steps.findIndex((step) => closesIn(step.do));
      expect(closes).toBeLessThanOrEqual(steps.findIndex((step) => ways.includes(step)));
      const last = steps.at(-1);
      expect(last?.do.kind).toBe('open');
      expect(last && flowsOf(last.do)).toEqual(flows);
      // And closed again before anything is undone.
      expect(closesIn(last?.undo)).toBe(true);
    },
  );

  it('is undone the same way: closed, forgotten, open', () => {
    const { steps } = makePlan([], desired(web));
    const [first] = steps;
    expect(first?.undo).toMatchObject({ kind: 'open', flows: [{ from: '10.89.4.0/24' }] });
    expect(first?.undo?.kind === 'open' && first.undo.close).toContain('@closing4_24');
    expect(closesIn(first?.do)).toBe(false);
  });

  it('is undone without a packet that neither the old nor the new stops: what closes is only added', () => {
    for (const [before, after] of [
      [[], [web]],
      [[web], [web, mail]],
      [[web], [mail]],
      [[web], [network('10.89.4.0/25')]],
    ] as const) {
      const closes = makePlan(objectsOf(...before), desired(...after)).steps.flatMap(({ undo }) =>
        undo?.kind === 'open' && undo.close !== undefined ? undo.close.trimEnd().split('\n') : [],
      );
      expect(closes).not.toEqual([]);
      for (const line of closes)
        expect(line).toMatch(/^add |^flush chain inet mustredirect closing(_answers)?$/);
    }
  });

  it.each<[string, number]>([
    ['rules', 1],
    ['a mark', 12],
  ])('is closed and forgotten also when somebody has taken the table away: steered by %s', (_, count) => {
    const networks = Array.from({ length: count }, (__, index) => network(`10.89.${index * 2}.0/24`));
    const left = objectsOf(...networks).filter(({ kind }) => kind !== 'nft-set' && kind !== 'nft-chain');
    const { steps } = makePlan(left, desired());
    const last = steps.at(-1);
    expect(last && flowsOf(last.do)).toEqual(networks.map(({ subnets: [from] }) => ({ from })));
    expect(steps.slice(0, 2).some((step) => closesIn(step.do))).toBe(true);
  });

  it('goes to the whole world when its destination is everything', () => {
    expect(closedFlows(closingObjects([{ from: '10.89.4.0/24', to: '0.0.0.0/0' }], true))).toEqual([
      { from: '10.89.4.0/24' },
    ]);
  });

  it('goes on being closed when a run was cut off, whatever is remembered of it', () => {
    const closed = closingObjects([{ from: '10.89.4.0/24' }], true);
    expect(closed.length).toBe(5);
    const { steps } = makePlan(closed, { wanted: [], waiting: [], warnings: [], notReady: [] });
    expect(steps.map((step) => step.do)).toEqual([
      { kind: 'open', flows: [{ from: '10.89.4.0/24' }], text: 'delete table inet mustredirect\n' },
    ]);
  });
});

it('counts what is sent, and no answer: a node that has stopped is not taken for one that sends', () => {
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

describe('what is closed', () => {
  it.each<[string, readonly Flows[]]>([
    ['neighbours', [{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24' }]],
    ['one in another', [{ from: '10.89.4.0/24' }, { from: '10.89.0.0/16' }]],
    [
      'all of one, and a pair of it',
      [
        { from: '10.89.4.0/24' },
        { from: '10.89.4.0/25', to: '1.1.1.1/32' },
        { from: 'fd89::/64', to: 'fd00::/8' },
      ],
    ],
    [
      'pairs that overlap',
      [
        { from: '10.89.4.0/24', to: '10.0.0.0/8' },
        { from: '10.89.4.0/24', to: '10.1.0.0/16' },
      ],
    ],
    ['single addresses', [{ from: '10.89.4.7/32' }, { from: 'fd89::7/128', to: 'fd00::9/128' }]],
    ['nothing', []],
  ])('is remembered as it is, in sets that are found by their hash: %s', (_, flows) => {
    const objects = closingObjects(flows, true);
    expect(closedFlows(objects)).toEqual(flows);
    expect(objects.filter((object) => object.kind === 'nft-set' && !object.exact)).toEqual([]);
    const { state } = createFakeHost({ links: [] });
    const input = objects.length > 0 ? changeTable([], objects) : '';
    expect(runNft(state, ['-f', '-'], { input, changed: () => {} })).toMatchObject({ exitCode: 0 });
  });
});
