/** What four times as many networks cost: four times as much, and a little more for what is sorted. */
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
import { makePlan } from '../src/plan/make-plan.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { HostObject } from '../src/kinds/index.ts';
import { hostRole } from '../src/topology/topology.ts';
import { answering, flowText, lines, policyText, routeJson, ruleJson, tableJson } from './growth/answers.ts';
import { countWork } from './growth/count-work.ts';
import { gatewayFacts, manyNetworks, specOf, subnetAt } from './growth/given.ts';

const few = 150;
const many = 4 * few;
/** Sorting takes the logarithm more; a quadratic step takes sixteen times as much. */
const most = 4.6;

type Run = () => void | Promise<void>;

/** @param prepare makes ready what is not counted */
async function growth(prepare: (size: number) => Run): Promise<number> {
  const small = await countWork(prepare(few));
  // Else nothing was counted.
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
  waiting: [],
  warnings: [],
  notReady: [],
  refusals: [],
};

describe('what is counted', () => {
  it('shows a quadratic step', async () => {
    const pairs = (size: number) => (): void => {
      const items = Array.from({ length: size }, (_, i) => ({ from: subnetAt(i) }));
      const known = items.map(({ from }) => from);
      expect(items.every(({ from }) => known.some((other) => other === from))).toBe(true);
    };
    expect(await growth(pairs)).toBeGreaterThan(10);
  });
});

describe('four times as many networks cost no more than so many times as much', () => {
  it.each<[string, (size: number) => Run]>([
    [
      'reading the file',
      (size) => given(manyNetworks(size), (text) => expect(parseSpec(text).kind).toBe('spec')),
    ],
    [
      'reading one that is not plainly written',
      (size) => given(`---\n${manyNetworks(size)}`, (text) => expect(parseSpec(text).kind).toBe('spec')),
    ],
    [
      'telling what is wrong with all of them',
      (size) =>
        given(manyNetworks(size, 'ofice'), (text) =>
          expect(parseSpec(text)).toHaveProperty('problems.length', size),
        ),
    ],
    [
      'finding what a host has to do',
      (size) =>
        given(specOf(manyNetworks(size)), (spec) =>
          expect(hostRole(spec, 'gw1').gateways[0]?.served).toHaveLength(size),
        ),
    ],
    [
      'working out what a gateway should have',
      (size) =>
        given(specOf(manyNetworks(size)), (spec) => {
          const { wanted } = desiredState(hostRole(spec, 'gw1'), spec.gateways, gatewayFacts());
          expect(wanted.length).toBeGreaterThan(size);
        }),
    ],
    [
      'planning from nothing',
      (size) => given(desiredOf(size), (desired) => expect(makePlan([], desired).steps).not.toEqual([])),
    ],
    [
      'planning where nothing is to do',
      (size) =>
        given(desiredOf(size), (desired) => {
          const found = objectsOf(desired).filter(({ kind }) => kind !== 'sysctl');
          expect(makePlan(found, desired).steps.length).toBeLessThan(2);
        }),
    ],
    [
      'planning for one more',
      (size) =>
        given([desiredOf(size), desiredOf(size + 1)] as const, ([before, after]) => {
          expect(makePlan(objectsOf(before), after).steps).not.toEqual([]);
        }),
    ],
    [
      'planning to take all away',
      (size) =>
        given(desiredOf(size), (desired) =>
          expect(makePlan(objectsOf(desired), nothing).steps).not.toEqual([]),
        ),
    ],
    [
      'printing a plan',
      (size) =>
        given(makePlan([], desiredOf(size)), (plan) => {
          printPlan(plan, recordedTerminal(), 'plan');
          expect(planLines(plan).length).toBeGreaterThan(size);
        }),
    ],
    [
      'keeping what is to be given back',
      (size) =>
        given(desiredOf(size), (desired) => {
          const facts = gatewayFacts();
          const plan = makePlan([], desired);
          const ledger = ledgerBefore(facts.ledger, desired, plan, facts);
          expect(ledgerAfter(ledger, desired, facts).gateways).toEqual(desired.numbers.gateways);
        }),
    ],
    [
      'writing down what was there',
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
      'reading routes, and those of others',
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
      'finding flows to be forgotten',
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
