import { describe, expect, it } from 'vitest';
import type { Plan, PlanLine } from '../../plan/step.ts';
import { printPlan } from './print-plan.ts';
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
  it('aligns reasons in a column, and prints a count', () => {
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
      '1 to add, 1 to change, 1 to remove',
    ]);
  });

  it('counts steps that leave no object', () => {
    const terminal = recordedTerminal();
    printPlan(planOf({ sign: '*', text: 'conntrack: forget', why: 'old source' }), terminal, 'plan');
    expect(terminal.printed.at(-1)).toBe('\n0 to add, 0 to change, 0 to remove, 1 to run');
  });

  it('puts the reason of a long line on the next line', () => {
    const terminal = recordedTerminal();
    const text = `nft set redirected4: ${'10.89.4.0/24, '.repeat(6)}`;
    printPlan(planOf({ sign: '+', text, why: 'long' }), terminal, 'plan');
    expect(terminal.printed[1]).toBe(`  <green:+> ${text}\n       <dim:long>`);
  });

  it('reports that nothing is to do, and changes that wait', () => {
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
  it('prints each problem and its hint', () => {
    const terminal = recordedTerminal();
    const warnings = [{ message: 'network web: has fd00::/64 too', hint: 'write it under `subnets:`' }];
    printPlan({ ...planOf(), warnings }, terminal, 'plan for node1');
    expect(terminal.printed.at(-1)).toBe(
      '<yellow:warning:> network web: has fd00::/64 too\n  write it under `subnets:`',
    );
  });
});
