/** Properties of single plans; tests/scenarios has the plans of whole runs. */
import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../tests/given/facts.ts';
import { givenNodeNetwork } from '../../tests/given/role.ts';
import { desiredState } from '../desired/desired.ts';
import { actualState } from '../state/actual.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole, NodeNetwork } from '../topology/role.ts';
import { compareStates, sameObject } from './compare.ts';
import { makePlan } from './make-plan.ts';
import { natMemory } from './nat-memory.ts';
import type { Plan } from './step.ts';

const network = (subnet: string): NodeNetwork =>
  givenNodeNetwork({ name: `net-${subnet}`, subnets: [subnet] });

function desired(...subnets: readonly string[]) {
  const role: HostRole = { host: 'here', addresses: [], networks: subnets.map(network), gateways: [] };
  return desiredState(role, {}, givenFacts());
}

function planBetween(before: readonly string[], after: readonly string[]): Plan {
  const found = desired(...before).wanted.map(({ object }) => object);
  const wanted = desired(...after);
  const sysctls = givenFacts().sysctls;
  const owned = found.filter(({ kind }) => kind !== 'sysctl');
  const objects = wanted.wanted.map(({ object }) => object);
  const actual = actualState(givenFacts({ owned, sysctls }), objects);
  return makePlan(actual, wanted, natMemory(desired(...before)));
}

const lines = ({ steps }: Plan): string[] =>
  steps.flatMap((step) => step.lines).map(({ sign, text }) => `${sign} ${text}`);

describe('a plan', () => {
  it('has a reason in every line', () => {
    const plan = planBetween([], ['10.89.4.0/24']);
    expect(plan.steps.flatMap((step) => step.lines).filter(({ why }) => why === '')).toEqual([]);
    expect(plan.steps.flatMap((step) => step.lines)).toContainEqual({
      sign: '+',
      text: 'rule 4100: from 10.89.4.0/24 fwmark 0x0/0x1000 lookup 2184',
      why: 'every packet of net-10.89.4.0/24 goes to gateway office',
    });
  });

  it('is empty when the host is in the desired state', () => {
    expect(planBetween(['10.89.4.0/24'], ['10.89.4.0/24']).steps).toEqual([]);
  });

  it('closes first and opens last', () => {
    const order = lines(planBetween([], ['10.89.4.0/24']));
    const at = (start: string): number => order.findIndex((line) => line.startsWith(start));
    const milestones = [
      '+ nft table',
      '* conntrack',
      '+ rule 4050',
      '+ rule 4200',
      '+ route in table 2184: unreachable default',
      '+ route in table 2184: default',
      '+ rule 4100',
    ].map(at);
    expect(milestones).not.toContain(-1);
    expect(milestones).toEqual(milestones.toSorted((a, b) => a - b));
  });

  it('removes steering rules first and closing rules last', () => {
    const order = lines(planBetween(['10.89.4.0/24'], []));
    const at = (start: string): number => order.findIndex((line) => line.startsWith(start));
    const milestones = ['- rule 4100', '- route in table 2184: default', '- rule 4200', '- nft table'].map(
      at,
    );
    expect(milestones).not.toContain(-1);
    expect(milestones).toEqual(milestones.toSorted((a, b) => a - b));
  });

  it('deletes conntrack entries of new addresses only, not of addresses that are merged with them', () => {
    const forgotten = (plan: Plan): string[] => lines(plan).filter((line) => line.includes('conntrack'));
    expect(forgotten(planBetween(['10.89.4.0/24'], ['10.89.4.0/24', '10.89.5.0/24']))).toEqual([
      '* conntrack: forget flows from 10.89.5.0/24',
      '* conntrack: forget flows from 10.89.4.0/24 to 10.89.5.0/24',
    ]);
    // Packets from the old subnet to the new one kept their address, and have the gateway's now.
    expect(forgotten(planBetween(['10.89.4.0/24', '10.89.5.0/24'], ['10.89.4.0/24']))).toEqual([
      '* conntrack: forget flows from 10.89.5.0/24, 10.89.4.0/24 to 10.89.5.0/24',
    ]);
  });

  it('has an undo for every step except those on flows', () => {
    const { steps } = planBetween(['10.89.4.0/24'], ['10.90.0.0/16']);
    const without = steps.filter((step) => step.undo === undefined);
    expect(without.map((step) => step.do.kind)).toEqual(['forget-flows']);
  });

  it('undoes the lines of a batch in reverse order', () => {
    const steps = planBetween([], ['10.89.4.0/24']).steps.filter((step) => step.do.kind === 'ip');
    expect(steps.length).toBeGreaterThan(2);
    for (const { do: move, undo } of steps) {
      if (move.kind !== 'ip' || undo?.kind !== 'ip') throw new Error('a batch is undone by a batch');
      // Priority and action do not identify a policy, so deletion omits them.
      const undone = move.lines.map((line) =>
        line.replace(' add ', ' delete ').replace(/ priority \d+ action \w+/, ''),
      );
      expect(undo.lines).toEqual(undone.reverse());
    }
  });
});

describe('two objects', () => {
  const set = (elements: readonly string[]): HostObject => ({
    kind: 'nft-set',
    name: 'a',
    type: ['ipv4_addr'],
    counted: false,
    elements,
  });
  const chain = (rules: readonly string[]): HostObject => ({ kind: 'nft-chain', name: 'a', rules });
  const sysctl = (alongside?: Record<string, string>): HostObject => ({
    kind: 'sysctl',
    name: 'net.ipv4.ip_forward',
    value: '0',
    ...(alongside ? { alongside } : {}),
  });

  it.each([
    [
      'elements in another order',
      set(['10.1.0.0/16', '10.2.0.0/16']),
      set(['10.2.0.0/16', '10.1.0.0/16']),
      true,
    ],
    ['another element', set(['10.1.0.0/16']), set(['10.2.0.0/16']), false],
    ['rules in another order', chain(['drop', 'return']), chain(['return', 'drop']), false],
    ['nothing alongside', sysctl(), sysctl({}), true],
    ['another setting alongside', sysctl({ a: '1' }), sysctl({ a: '0' }), false],
  ])('with %s', (_, a, b, same) => {
    expect(sameObject(a, b)).toBe(same);
  });

  it('with one key are a change, with two an addition and a removal', () => {
    const changes = compareStates(
      [set(['10.1.0.0/16'])],
      [{ object: set(['10.2.0.0/16']), why: 'a reason' }],
    );
    expect(changes).toEqual([
      { kind: 'change', from: set(['10.1.0.0/16']), to: set(['10.2.0.0/16']), why: 'a reason' },
    ]);
    expect(compareStates([chain([])], [{ object: set([]), why: '' }]).map(({ kind }) => kind)).toEqual([
      'add',
      'remove',
    ]);
  });
});
