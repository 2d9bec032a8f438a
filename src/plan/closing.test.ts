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
    expect(first?.undo?.kind === 'open' && first.undo.close).toContain('@closing4');
    expect(closesIn(first?.do)).toBe(false);
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
  expect(counted).toEqual(['@closing4 ', '@closing6 ']);
  const asked = objects.flatMap((object) => (object.kind === 'nft-chain' ? object.rules : []));
  const counting = asked.filter((rule) => counted.some((name) => rule.includes(name)));
  expect(counting).toEqual([
    expect.stringMatching(/ip saddr @closing4 counter drop$/),
    expect.stringMatching(/ip6 saddr @closing6 counter drop$/),
  ]);
});

describe('what is closed', () => {
  it.each<[string, readonly Flows[], readonly Flows[]]>([
    ['neighbours together', [{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24' }], [{ from: '10.89.4.0/23' }]],
    [
      'a pair, unless all of it is',
      [
        { from: '10.89.4.0/24' },
        { from: '10.89.4.0/25', to: '1.1.1.1/32' },
        { from: 'fd89::/64', to: 'fd00::/8' },
      ],
      [{ from: '10.89.4.0/24' }, { from: 'fd89::/64', to: 'fd00::/8' }],
    ],
    [
      'pairs that overlap as one',
      [
        { from: '10.89.4.0/24', to: '10.0.0.0/8' },
        { from: '10.89.4.0/24', to: '10.1.0.0/16' },
      ],
      [{ from: '10.89.4.0/24', to: '10.0.0.0/8' }],
    ],
    ['nothing', [], []],
  ])('%s', (_, flows, closed) => {
    const objects = closingObjects(flows, true);
    expect(closedFlows(objects)).toEqual(closed);
    const { state } = createFakeHost({ links: [] });
    const input = objects.length > 0 ? changeTable([], objects) : '';
    expect(runNft(state, ['-f', '-'], { input, changed: () => {} })).toMatchObject({ exitCode: 0 });
  });
});
