import { describe, expect, it } from 'vitest';
import type { Plan, PlanLine } from '../../plan/step.ts';
import { printError } from './print-error.ts';
import { printPlan, refuse } from './print-plan.ts';
import { recordedTerminal } from './recorded-terminal.ts';

function planOf(...lines: PlanLine[]): Plan {
  return {
    steps: [{ do: { kind: 'ip', family: 4, lines: [] }, lines }],
    waiting: [],
    warnings: [],
    notReady: [],
  };
}

describe('printPlan', () => {
  it('puts the reasons below each other, and counts', () => {
    const terminal = recordedTerminal();
    const plan = planOf(
      { sign: '+', text: 'rule 4999: from all nop', why: 'no-op rule: jump target for exceptions' },
      { sign: '~', text: 'sysctl a = 1 (was 0)', why: 'forwarding' },
      { sign: '-', text: 'route b', why: 'no longer needed' },
    );
    printPlan(plan, terminal, 'plan for node1');
    expect(terminal.printed.join('\n').split('\n')).toEqual([
      'plan for node1:',
      '',
      '  <green:+> rule 4999: from all nop   <dim:no-op rule: jump target for exceptions>',
      '  <yellow:~> sysctl a = 1 (was 0)      <dim:forwarding>',
      '  <red:-> route b                   <dim:no longer needed>',
      '',
      '1 to add, 1 to change, 1 to take away',
    ]);
  });

  it('counts what leaves no object by itself', () => {
    const terminal = recordedTerminal();
    printPlan(planOf({ sign: '*', text: 'conntrack: forget', why: 'old source' }), terminal, 'plan');
    expect(terminal.printed.at(-1)).toBe('\n0 to add, 0 to change, 0 to take away, 1 to do');
  });

  it('gives a long line its reason on the next', () => {
    const terminal = recordedTerminal();
    const text = `nft set redirected4: ${'10.89.4.0/24, '.repeat(6)}`;
    printPlan(planOf({ sign: '+', text, why: 'long' }), terminal, 'plan');
    expect(terminal.printed[1]).toBe(`  <green:+> ${text}\n       <dim:long>`);
  });

  it('says that there is nothing to do, and what waits all the same', () => {
    const terminal = recordedTerminal();
    printPlan(
      { steps: [], waiting: ['the edit of a.conflist: web is attached'], warnings: [], notReady: [] },
      terminal,
      'plan for node1',
    );
    expect(terminal.printed).toEqual([
      'plan for node1: nothing to do',
      '<yellow:waiting:> the edit of a.conflist: web is attached',
    ]);
  });
});

describe('printPlan with warnings', () => {
  it('says what will hurt, and what to do', () => {
    const terminal = recordedTerminal();
    const warnings = [{ message: 'network web: has fd00::/64 too', hint: 'write it under `subnets:`' }];
    printPlan({ ...planOf(), warnings }, terminal, 'plan for node1');
    expect(terminal.printed.at(-1)).toBe(
      '<yellow:warning:> network web: has fd00::/64 too\n  write it under `subnets:`',
    );
  });
});

describe('refuse', () => {
  const first = { message: 'gateway office: table 7 is in use', hint: 'give another' };
  const second = { message: 'network web: is there with 10.1.0.0/24', hint: 'rename it' };

  /** what is told, what is printed with --json, and the exit status */
  function refused(refusals: Parameters<typeof refuse>[0]) {
    const terminal = recordedTerminal();
    let status = 0;
    try {
      refuse(refusals, terminal);
    } catch (error) {
      status = printError(error, terminal, ['--json']);
    }
    return { told: terminal.told, json: terminal.printed.map((text) => JSON.parse(text) as unknown), status };
  }

  it('does nothing without a reason', () => {
    expect(refused([])).toEqual({ told: [], json: [], status: 0 });
  });

  it('tells one reason as the error', () => {
    expect(refused([first])).toEqual({
      told: [`<red:error:> ${first.message}`, 'hint: give another'],
      json: [{ error: { code: 'refused', ...first }, refusals: [first] }],
      status: 4,
    });
  });

  it('tells several in their order, and how many there are at the end', () => {
    expect(refused([first, second])).toEqual({
      told: [
        `<red:error:> ${first.message}`,
        'hint: give another',
        `<red:error:> ${second.message}`,
        'hint: rename it',
        '<red:error:> refused for 2 reasons',
      ],
      json: [
        {
          refusals: [first, second],
          error: { code: 'refused', message: 'refused for 2 reasons' },
        },
      ],
      status: 4,
    });
  });
});
