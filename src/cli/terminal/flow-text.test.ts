import { describe, expect, it } from 'vitest';
import { flowLine } from '../../agent/flow-log/line.ts';
import { givenFlow } from '../../../tests/given/netlink.ts';
import { flowLogLines, formatAnswer } from './flow-text.ts';

const terminal = { paint: (_colour: string, text: string): string => text };
const owner = { gateway: 'office', network: 'web', node: 'node1' };
const nothing = { flows: [], gaps: [], clock: [], problems: [] };

/** Rows with single blanks. */
function rowsOf(flow: ReturnType<typeof givenFlow>, lives?: true): string[] {
  const found = { gateway: 'office', ...flowLine(owner, flow), ...(lives ? { lives } : {}) };
  const text = formatAnswer({ ...nothing, flows: [found] }, terminal);
  return text.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
}

describe('an answer', () => {
  it('has a row for each flow', () => {
    expect(rowsOf(givenFlow())).toEqual([
      'begin end protocol container network to seen as sent received',
      '2026-11-30T03:13:58.100Z 2026-11-30T03:14:28.200Z udp 10.89.4.7:5000 web on node1 203.0.113.10:53 198.51.100.6:40123 60 B in 1 120 B in 1',
    ]);
  });

  it('says who called a published port', () => {
    const original = {
      source: '2001:db8::99',
      destination: '2001:db8::6',
      sourcePort: 1234,
      destinationPort: 8080,
    };
    const reply = { source: 'fd00:4::5', destination: '2001:db8::99', sourcePort: 80, destinationPort: 1234 };
    expect(rowsOf(givenFlow({ original, reply, protocol: 6 }))[1]).toContain(
      'tcp [fd00:4::5]:80 web on node1 from [2001:db8::99]:1234 [2001:db8::6]:8080',
    );
  });

  it('says what is not known', () => {
    const { begin: _, end: __, sent: ___, received: ____, ...flow } = givenFlow();
    expect(rowsOf(flow)[1]).toMatch(/^before the log not known .* not counted not counted$/);
    expect(rowsOf(flow, true)[1]).toMatch(/^before the log lives /);
  });

  it('without a flow says so, and what may be missing', () => {
    expect(formatAnswer(nothing, terminal)).toBe('no flow');
    const [from, to] = ['2026-11-30T03:14:00.000Z', '2026-11-30T03:14:01.000Z'];
    const answer = {
      flows: [],
      more: true,
      gaps: [
        { gateway: 'office', kind: 'gap', from, to, why: 'the buffer was full', dropped: 9 },
        { gateway: 'office', kind: 'gap', from, to, why: 'no agent has logged' },
        { gateway: 'office', kind: 'gap', to: from, why: 'the log begins then' },
      ],
      clock: [{ gateway: 'office', kind: 'clock', time: from, seconds: -3 }],
      problems: ['x: damaged'],
    } as const;
    expect(formatAnswer(answer, terminal).split('\n')).toEqual([
      'no flow',
      'note: only 10000 flows are shown: ask for less',
      `note: gateway office: flows between ${from} and ${to} may be missing, 9 at most: the buffer was full`,
      `note: gateway office: flows between ${from} and ${to} may be missing: no agent has logged`,
      `note: gateway office: flows before ${from} may be missing: the log begins then`,
      `note: gateway office: the clock jumped by -3 s at ${from}: it was set, and times before may be off by as much, or the machine was suspended`,
      'note: x: damaged',
    ]);
  });
});

describe('a flow log in status', () => {
  const fine = { gateway: 'office', folder: '/x', flows: 7, dropped: 0, unwritten: 0, bytes: 1_572_864 };

  it.each([
    [fine, 'flow log: office: 7 flows since the agent was started, 1.5 MiB'],
    [
      { ...fine, dropped: 3, unwritten: 2, problem: 'ENOSPC' },
      'flow log: office: 7 flows since the agent was started, 1.5 MiB; 3 dropped by the kernel; 2 not written; ENOSPC',
    ],
  ])('%j', (log, text) => {
    expect(flowLogLines([log], terminal)).toEqual([text]);
  });

  it('is none with an agent that knows no flow logs', () => {
    expect(flowLogLines(undefined, terminal)).toEqual([]);
  });
});
