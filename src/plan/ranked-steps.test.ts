import { describe, expect, it } from 'vitest';
import type { IptablesRule } from '../kinds/iptables-rule/schema.ts';
import { compareStates } from './compare.ts';
import { sortSteps, stepsOfChanges } from './ranked-steps.ts';

const rule: IptablesRule = {
  kind: 'iptables-rule',
  family: 6,
  table: 'raw',
  chain: 'PREROUTING',
  args: ['-d', 'fd00:4::/64', '-i', 'eth0', '-j', 'ACCEPT'],
};
const withComment = ['-d', 'fd00:4::/64', '-i', 'eth0', '-m', 'comment', '--comment', 'mustredirect'];
const action = { family: 6, table: 'raw', chain: 'PREROUTING', args: [...withComment, '-j', 'ACCEPT'] };
const insert = { kind: 'insert-iptables-rule', ...action };
const remove = { kind: 'delete-iptables-rule', ...action };
const text = 'ip6tables raw PREROUTING: -d fd00:4::/64 -i eth0 -j ACCEPT';

function stepsOf(actual: readonly IptablesRule[], wanted: readonly IptablesRule[]) {
  const changes = compareStates(
    actual,
    wanted.map((object) => ({ object, why: 'because' })),
  );
  return sortSteps(stepsOfChanges(changes));
}

describe('a rule in a chain of iptables', () => {
  it('inserts a rule with our comment, and deletes it again', () => {
    expect(stepsOf([], [rule])).toEqual([
      { do: insert, undo: remove, lines: [{ sign: '+', text, why: 'because' }] },
    ]);
    expect(stepsOf([rule], [])).toEqual([
      { do: remove, undo: insert, lines: [{ sign: '-', text, why: 'no longer needed' }] },
    ]);
    expect(stepsOf([rule], [rule])).toEqual([]);
  });

  it('moves a rule before a drop that precedes it', () => {
    expect(stepsOf([{ ...rule, late: true }], [rule])).toEqual([
      {
        do: remove,
        undo: insert,
        lines: [{ sign: '~', text: `${text}, first in its chain again`, why: 'because' }],
      },
      { do: insert, undo: remove, lines: [] },
    ]);
  });
});
