import { describe, expect, it } from 'vitest';
import type { GatewayHealth } from '../members/member-status.ts';
import type { AgentStatus } from '../socket.ts';
import { type AgentEvent, eventsBetween } from './agent-event.ts';
import { agentStatus, officeHealth } from './fake-agent-status.ts';

const of = { gateway: 'office', family: 4 } as const;
const failed = { host: 'gw1', state: 'down', fault: 'eth1 is down' } as const;
const failedOver: GatewayHealth = {
  ...officeHealth,
  used: 'gw2',
  since: '2026-11-30T12:01:00.000Z',
  why: 'gw1: eth1 is down',
  failovers: { ...officeHealth.failovers, link: 1 },
  members: [failed, { host: 'gw2', state: 'up' }],
};
const outage = { since: '2026-11-30T12:02:00.000Z', why: 'no member works' };

const changes: readonly [string, Partial<AgentStatus>, readonly AgentEvent[]][] = [
  ['nothing', { attempts: 6, reads: 5, lastRead: 12 }, []],
  ['drift', { drifts: 1, differs: '+ rule' }, [{ kind: 'drift', what: '+ rule' }]],
  [
    'a repair',
    { repairs: 1, lastRepair: { what: '+ rule', took: 40, time: '2026-11-30T12:01:00.000Z' } },
    [{ kind: 'repair', what: '+ rule', took: 40 }],
  ],
  ['a failure', { failure: { message: 'no nft', times: 1 } }, [{ kind: 'failure', message: 'no nft' }]],
  [
    'a wrong file',
    { files: { wanted: 'bb', inForce: 'aa' }, problem: 'line 3' },
    [{ kind: 'file', wanted: 'bb', inForce: 'aa', problem: 'line 3' }],
  ],
  [
    'a failover',
    { members: [failedOver] },
    [
      { kind: 'member', ...of, member: 'gw1', state: 'down', fault: 'eth1 is down' },
      { kind: 'failover', ...of, used: 'gw2', why: 'gw1: eth1 is down', causes: { link: 1 } },
    ],
  ],
  [
    'a drain',
    { members: [{ ...officeHealth, members: [{ host: 'gw1', state: 'up', drained: true }] }] },
    [{ kind: 'member', ...of, member: 'gw1', state: 'up', drained: true }],
  ],
  ['an outage', { members: [{ ...officeHealth, outage }] }, [{ kind: 'outage', ...of, why: outage.why }]],
  ['a gateway of a new file', { members: [officeHealth, { ...failedOver, gateway: 'home' }] }, []],
];

describe('eventsBetween', () => {
  it.each(changes)('%s', (_, change, events) => {
    const after = { agent: { ...agentStatus, ...change }, reasons: [] };
    expect(eventsBetween({ agent: agentStatus, reasons: [] }, after)).toEqual(events);
  });

  it('says when the host is no longer as the file says, and when it is again', () => {
    const good = { agent: agentStatus, reasons: [] };
    const bad = { agent: agentStatus, reasons: ['network web: closed'] };
    expect(eventsBetween(good, bad)).toEqual([{ kind: 'state', healthy: false, reasons: bad.reasons }]);
    expect(eventsBetween(bad, good)).toEqual([{ kind: 'state', healthy: true, reasons: [] }]);
  });

  it('repeats no failure that lasts', () => {
    const failure = { message: 'no nft', times: 1 };
    const before = { agent: { ...agentStatus, failure }, reasons: [] };
    const after = { agent: { ...agentStatus, failure: { ...failure, times: 2 } }, reasons: [] };
    expect(eventsBetween(before, after)).toEqual([]);
  });
});
