import { describe, expect, it } from 'vitest';
import type { AgentState } from '../agent-state.ts';
import { agentStatus } from './fake-agent-status.ts';
import { unhealthyReasons } from './health.ts';

const none = { notReady: [], leaving: [] };

const states: readonly [string, Partial<AgentState>, string | undefined][] = [
  ['as the file says', {}, undefined],
  ['not read yet', { reads: 0 }, 'the host is being read for the first time'],
  ['failed', { reads: 0, failure: { message: 'no nft', times: 3 } }, 'failed 3 times in a row: no nft'],
  [
    'a wrong file',
    { problem: 'a.yaml:3:1:\n  no\n' },
    'a.yaml:3:1: no; what was applied last stays in force',
  ],
  ['rests', { resting: 'nothing is applied' }, 'nothing is applied'],
  ['differs', { differs: '+ rule' }, 'is being repaired: + rule'],
];

describe('unhealthyReasons', () => {
  it.each(states)('%s', (_, state, reason) => {
    const agent = { ...agentStatus, ...state };
    expect(unhealthyReasons({ agent, faults: none })).toEqual(reason === undefined ? [] : [reason]);
  });

  it('has what is closed, and what leaves directly', () => {
    const notReady = [{ what: 'network web', message: 'eth1 is missing', hint: 'make it' }];
    const leaving = [{ network: 'web', family: 4, why: 'no member works' }] as const;
    expect(unhealthyReasons({ agent: agentStatus, faults: { notReady, leaving } })).toEqual([
      'eth1 is missing: closed, not redirected',
      'network web: IPv4 leaves directly: no member works',
    ]);
  });
});
