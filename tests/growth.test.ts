/** Cost of four times as many networks: four times as much, and slightly more for sorting. */
import { describe, expect, it } from 'vitest';
import { ledgerAfter, ledgerBefore } from '../src/apply/ledger-keeper.ts';
import { planLines } from '../src/plan/print.ts';
import { printPlan } from '../src/cli/terminal/print-plan.ts';
import { recordedTerminal } from '../src/cli/terminal/recorded-terminal.ts';
import { type Desired, desiredState } from '../src/desired/desired.ts';
import { knownFlows } from '../src/host/conntrack/list.ts';
import { readIpLists } from '../src/host/ip/lists.ts';
import { readNftTable } from '../src/host/nft/read.ts';
import { objectText } from '../src/plan/compare.ts';
import { noDecisions } from '../src/kinds/flows/nat-decisions.ts';
import { makePlan } from '../src/plan/make-plan.ts';
import { natMemory } from '../src/plan/nat-memory.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { HostObject } from '../src/kinds/index.ts';
import { hostRole } from '../src/topology/topology.ts';
import { answering, flowText, lines, policyText, routeJson, ruleJson, tableJson } from './growth/answers.ts';
import { countWork } from './growth/count-work.ts';
import { gatewayFacts, manyNetworks, specOf, subnetAt } from './growth/given.ts';

const few = 150;
const many = 4 * few;
/** Sorting adds a logarithmic factor; a quadratic step costs sixteen times as much. */
const most = 4.6;

type Run = () => void | Promise<void>;

/** @param prepare does work that is not counted */
async function growth(prepare: (size: number) => Run): Promise<number> {
  const small = await countWork(prepare(few));
  // A smaller number means that counting does not work.
  expect(small).toBeGreaterThan(few);
  return (await countWork(prepare(many))) / small;
}

function desiredOf(size: number): Desired {
  const spec = specOf(manyNetworks(size));
  return desiredState(hostRole(spec, 'gw1'), spec.gateways, gatewayFacts());
}

function objectsOf({ wanted }: Desired): HostObject[] {
  return wanted.map(({ object }) => object);
}

const nothing: Desired = {
  wanted: [],
  numbers: { gateways: {} },
  bridges: {},
  discovered: [],
  leavesDirectly: {},
  nat: noDecisions,
  waiting: [],
  warnings: [],
  notReady: [],
  refusals: [],
};

describe('the count', () => {
  it('reveals a quadratic step', async () => {
    const pairs = (size: number) => (): void => {
      const items = Array.from({ length: size }, (_, i) => ({ from: subnetAt(i) }));
      const known = items.map(({ from }) => from);
      expect(items.every(({ from }) => known.some((other) => other === from))).toBe(true);
    };
    expect(await growth(pairs)).toBeGreaterThan(10);
  });
});

describe('the cost of four times as many networks is limited', () => {
  it.each<[string, (size: number) => Run]>([
    [
      'reading the file',
      (size) => given(manyNetworks(size), (text) => expect(parseSpec(text).kind).toBe('spec')),
    ],
    [
      'reading a file in other YAML',
      (size) => given(`---\n${manyNetworks(size)}`, (text) => expect(parseSpec(text).kind).toBe('spec')),
    ],
    [
      'reporting errors in all networks',
      (size) =>
        given(manyNetworks(size, 'ofice'), (text) =>
          expect(parseSpec(text)).toHaveProperty('problems.length', size),
        ),
    ],
    [
      'finding the role of a host',
      (size) =>
        given(specOf(manyNetworks(size)), (spec) =>
          expect(hostRole(spec, 'gw1').gateways[0]?.served).toHaveLength(size),
        ),
    ],
    [
      'computing the desired state of a gateway',
      (size) =>
        given(specOf(manyNetworks(size)), (spec) => {
          const { wanted } = desiredState(hostRole(spec, 'gw1'), spec.gateways, gatewayFacts());
          expect(wanted.length).toBeGreaterThan(size);
        }),
    ],
    [
      'planning from nothing',
      (size) => given(desiredOf(size), (desired) => expect(makePlan([], desired, {}).steps).not.toEqual([])),
    ],
    [
      'planning without differences',
      (size) =>
        given(desiredOf(size), (desired) => {
          const found = objectsOf(desired).filter(({ kind }) => kind !== 'sysctl');
          expect(makePlan(found, desired, natMemory(desired)).steps.length).toBeLessThan(2);
        }),
    ],
    [
      'planning for one more network',
      (size) =>
        given([desiredOf(size), desiredOf(size + 1)] as const, ([before, after]) => {
          expect(makePlan(objectsOf(before), after, natMemory(before)).steps).not.toEqual([]);
        }),
    ],
    [
      'planning destroy',
      (size) =>
        given(desiredOf(size), (desired) =>
          expect(makePlan(objectsOf(desired), nothing, natMemory(desired)).steps).not.toEqual([]),
        ),
    ],
    [
      'printing a plan',
      (size) =>
        given(makePlan([], desiredOf(size), {}), (plan) => {
          printPlan(plan, recordedTerminal(), 'plan');
          expect(planLines(plan).length).toBeGreaterThan(size);
        }),
    ],
    [
      'updating the ledger after a run',
      (size) =>
        given(desiredOf(size), (desired) => {
          const facts = gatewayFacts();
          const plan = makePlan([], desired, {});
          const ledger = ledgerBefore(facts.ledger, desired, plan, facts);
          expect(ledgerAfter(ledger, desired, facts).gateways).toEqual(desired.numbers.gateways);
        }),
    ],
    [
      'updating the ledger before a run',
      (size) =>
        given(desiredOf(size), (desired) =>
          expect(objectsOf(desired).map(objectText).length).toBeGreaterThan(size),
        ),
    ],
    [
      'reading rules',
      (size) =>
        given(answering(`[${lines(size, ruleJson, ',')}]\n[]`), async (exec) => {
          expect((await readIpLists(exec, 4)).rules.owned).toHaveLength(size);
        }),
    ],
    [
      'reading our and foreign routes',
      (size) =>
        given(answering(`[]\n[${lines(size, routeJson, ',')}]`), async (exec) => {
          const { owned, foreign } = (await readIpLists(exec, 4)).routes;
          expect(owned.length + foreign.length).toBe(size);
        }),
    ],
    [
      'reading policies',
      (size) =>
        given(answering(`[]\n[]\n${lines(size, policyText)}`), async (exec) => {
          expect((await readIpLists(exec, 4)).policies).toHaveLength(size);
        }),
    ],
    [
      'reading the nft table',
      (size) =>
        given(answering(tableJson(size)), async (exec) => {
          const { objects, counters } = await readNftTable(exec);
          expect([objects.length, counters.length]).toEqual([2, size]);
        }),
    ],
    [
      'finding flows to delete',
      (size) =>
        given(answering(lines(size, flowText)), async (exec) => {
          const flows = Array.from({ length: size }, (_, i) => ({ from: subnetAt(i) }));
          expect(await knownFlows(exec, flows)).toEqual(flows);
        }),
    ],
  ])('%s', async (_, prepare) => {
    expect(await growth(prepare)).toBeLessThan(most);
  });
});

function given<T>(what: T, run: (what: T) => void | Promise<void>): Run {
  return () => run(what);
}
