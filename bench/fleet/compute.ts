/** From the file to the plans of all its hosts, without a kernel. */
import { desiredState } from '../../src/desired/desired.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Plan } from '../../src/plan/step.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { actualState } from '../../src/state/actual.ts';
import type { HostObject } from '../../src/kinds/index.ts';
import { topologyOf } from '../../src/topology/topology.ts';
import { factsOf } from './fleet-file.ts';

export interface HostPlan {
  readonly host: string;
  readonly objects: readonly HostObject[];
  readonly plan: Plan;
}

export const phases = ['reading and checking the file', 'roles', 'wanted states', 'plans'] as const;
export type Phase = (typeof phases)[number];

/**
 * @param each called with what comes out for one host, which is not kept: so many states of gateways do not fit into memory
 * @returns seconds of each phase
 */
export function computeFleet(text: string, each: (host: HostPlan) => void): Record<Phase, number> {
  const seconds = { 'reading and checking the file': 0, roles: 0, 'wanted states': 0, plans: 0 };
  const during = <T>(phase: Phase, work: () => T): T => {
    const begin = performance.now();
    const result = work();
    seconds[phase] += (performance.now() - begin) / 1000;
    return result;
  };
  const spec = during('reading and checking the file', () => readFleet(text));
  const topology = during('roles', () => topologyOf(spec));
  for (const host of Object.keys(spec.hosts)) {
    const role = during('roles', () => topology.roleOf(host));
    const facts = factsOf(role);
    const desired = during('wanted states', () => desiredState(role, spec.gateways, facts));
    if (desired.refusals.length > 0) throw new Error(`${host}: ${desired.refusals[0]?.message}`);
    const objects = desired.wanted.map(({ object }) => object);
    const plan = during('plans', () => makePlan(actualState(facts, objects), desired, facts.ledger));
    each({ host, objects, plan });
  }
  return seconds;
}

function readFleet(text: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(`the file is wrong: ${parsed.problems[0]?.message}`);
}
