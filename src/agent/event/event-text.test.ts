import { describe, expect, it } from 'vitest';
import type { AgentEvent } from './agent-event.ts';
import { eventText } from './event-text.ts';
import { type Level, isAtLeast, levelOf, levelOfPriority } from './level.ts';

const of = { gateway: 'office', family: 4 } as const;
const failover = {
  kind: 'failover',
  ...of,
  used: 'gw2',
  change: 'leaves by gw2 instead of gw1: cut',
} as const;
const outage = { kind: 'outage', ...of, networks: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] } as const;
const ended = { kind: 'program', program: 'nft', does: 'tells of nftables', restarts: 1 } as const;
const hash = 'ab'.repeat(32);

const table: readonly [AgentEvent, Level, string][] = [
  [
    { kind: 'started', host: 'node1', file: '/etc/f.yaml', version: '0.1.0' },
    'info',
    'holds node1 to /etc/f.yaml (mustredirect 0.1.0)',
  ],
  [
    { kind: 'stopped', host: 'node1' },
    'info',
    'ends, and no longer holds node1; nothing on this host is changed by that',
  ],
  [{ kind: 'state', healthy: true, reasons: [] }, 'debug', 'this host is as the file says'],
  [
    { kind: 'state', healthy: false, reasons: ['one', 'two'] },
    'debug',
    'this host is not as the file says: one; two',
  ],
  [{ kind: 'read', whole: true, took: 12 }, 'debug', 'read the whole host in 12 ms'],
  [{ kind: 'drift', what: '+ rule' }, 'debug', 'differs from the file: + rule'],
  [{ kind: 'repair', what: '+ rule', took: 40 }, 'info', 'repaired in 40 ms: + rule'],
  [{ kind: 'failure', error: 'no nft' }, 'error', 'failed, and is tried again: no nft'],
  [{ kind: 'recovery', failures: 1 }, 'info', 'reading this host works again, after 1 failure'],
  [{ kind: 'rest', why: 'another run is at work' }, 'info', 'another run is at work'],
  [{ kind: 'file', wanted: hash, inForce: hash }, 'info', 'file sha256 abababababab is in force'],
  [
    { kind: 'file', wanted: 'cd'.repeat(32), inForce: hash },
    'info',
    'file has changed: sha256 cdcdcdcdcdcd, in force is abababababab',
  ],
  [
    { kind: 'file', wanted: hash, inForce: hash, mended: true },
    'info',
    'the file is good again: file sha256 abababababab is in force',
  ],
  [
    { kind: 'file', problem: 'f.yaml:3:1: no\n    via: x\n    ^' },
    'warning',
    'f.yaml:3:1: no via: x ^; what was applied last stays in force',
  ],
  [{ kind: 'file' }, 'info', 'nothing is applied, and no file is held'],
  [
    { kind: 'member', ...of, member: 'gw1', state: 'down', fault: 'eth1 is down' },
    'warning',
    'gateway office: IPv4 member gw1 is down: eth1 is down',
  ],
  [{ kind: 'member', ...of, member: 'gw1', state: 'up' }, 'info', 'gateway office: IPv4 member gw1 works'],
  [
    { kind: 'member', ...of, member: 'gw1', state: 'down', drained: true },
    'info',
    'gateway office: IPv4 member gw1 is drained',
  ],
  [
    { kind: 'member', ...of, member: 'gw1', state: 'unknown', givenBack: true },
    'info',
    'gateway office: IPv4 member gw1 is given back, and is not probed yet',
  ],
  [
    { ...failover, causes: { probes: 1 }, took: 14 },
    'warning',
    'gateway office: IPv4 leaves by gw2 instead of gw1: cut (in 14 ms)',
  ],
  [{ ...failover, causes: { drained: 1 } }, 'info', 'gateway office: IPv4 leaves by gw2 instead of gw1: cut'],
  [
    { ...outage, why: 'no member works' },
    'warning',
    'gateway office: IPv4 of a, b, c, d, e, 2 more leaves directly: no member works',
  ],
  [{ ...outage, used: 'gw1' }, 'info', 'gateway office: IPv4 leaves by gw1 again, and not directly'],
  [{ kind: 'report', text: 'network web: closed', network: 'web' }, 'warning', 'network web: closed'],
  [{ kind: 'report', over: true, text: 'network web: closed' }, 'info', 'no longer: network web: closed'],
  [
    { ...ended, error: 'SIGKILL' },
    'warning',
    'nft (tells of nftables) has ended, and is started again: SIGKILL',
  ],
  [
    { kind: 'routes', error: 'busy' },
    'warning',
    'the member in use cannot be changed at once, and a repair follows: busy',
  ],
  [
    { kind: 'flow-log', gateway: 'office', text: 'lines are lost: ENOSPC' },
    'warning',
    'flow log of gateway office: lines are lost: ENOSPC',
  ],
  [{ kind: 'flow-log', text: 'goes on', well: true }, 'info', 'flow log: goes on'],
  [{ kind: 'api', text: 'listens on ::1, port 1', well: true }, 'info', 'listens on ::1, port 1'],
  [{ kind: 'log', text: 'lines are lost: ENOSPC' }, 'warning', 'log of the agent: lines are lost: ENOSPC'],
  [{ kind: 'run', text: '$ ip rule' }, 'debug', '$ ip rule'],
  [{ kind: 'run', text: 'a step failed', label: 'error' }, 'error', 'error: a step failed'],
  [{ kind: 'run', text: 'as it was', label: 'note' }, 'info', 'as it was'],
];

describe('an event', () => {
  it.each(table)('%j', (event, level, text) => {
    expect(eventText(event)).toBe(text);
    expect(levelOf(event)).toBe(level);
  });

  it('is one line without control characters, whatever an engine has printed', () => {
    expect(eventText({ kind: 'failure', error: 'docker: \u001B[2J\r\n  no\u2028network' })).toBe(
      'failed, and is tried again: docker: \uFFFD[2J no\uFFFDnetwork',
    );
  });
});

it('levels are in order, and priorities of the journal belong to the next one that is less important', () => {
  expect(isAtLeast('warning', 'info')).toBe(true);
  expect(isAtLeast('debug', 'info')).toBe(false);
  expect([7, 6, 5, 4, 3, 2].map(levelOfPriority)).toEqual([
    'debug',
    'info',
    'warning',
    'warning',
    'error',
    'error',
  ]);
});
