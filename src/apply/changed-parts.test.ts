import { expect, it } from 'vitest';
import { hostParts } from '../inspect/host-parts.ts';
import type { Action } from '../kinds/action.ts';
import { changedParts } from './changed-parts.ts';

const planOf = (...actions: readonly Action[]) => ({
  steps: actions.map((action) => ({ do: action, lines: [] })),
});
const batch = (...lines: readonly string[]): Action => ({ kind: 'ip', family: 4, lines });

it.each<[string, readonly Action[], readonly string[]]>([
  ['no step', [], []],
  ['a rule', [batch('rule add preference 4100')], ['rules']],
  [
    'routes and policies',
    [batch('route add default', 'xfrm policy add'), batch('route del default')],
    ['routes', 'policies'],
  ],
  ['a line that is not known', [batch('link set eth0 up')], hostParts],
  [
    'a table and its flows',
    [
      { kind: 'nft', text: '' },
      { kind: 'forget-flows', flows: [] },
    ],
    ['nft'],
  ],
  [
    'a setting, which may change routes',
    [{ kind: 'sysctl', values: { 'net.ipv4.ip_forward': '1' } }],
    hostParts,
  ],
])('%s', (_, actions, parts) => {
  expect(changedParts(planOf(...actions))).toEqual(parts);
});
