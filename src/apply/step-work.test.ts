import { expect, it } from 'vitest';
import type { Action } from '../kinds/action.ts';
import { stepWork } from './step-work.ts';

it.each<[Action, string, number | undefined]>([
  [{ kind: 'ip', family: 6, lines: ['rule add', 'rule add'] }, 'writing IPv6 rules, routes and policies', 2],
  [{ kind: 'nft', text: 'add element inet t s { a, b, c }\nadd chain inet t c\n' }, 'writing nft', 4],
  [{ kind: 'forget-flows', flows: [{ from: '10.0.0.0/24' }] }, 'forgetting flows', undefined],
  [
    { kind: 'create-network', engine: 'podman', name: 'web', subnets: [] },
    'making podman network web',
    undefined,
  ],
])('%j is %j of %j', (action, what, objects) => {
  const step = { do: action, lines: [] };
  expect(stepWork(step, 2, 9)).toEqual({
    what,
    step: { name: 'step', number: 3, of: 9 },
    ...(objects === undefined ? {} : { objects }),
  });
});
