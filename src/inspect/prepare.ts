/** Looks at the host and works out what is to be done. Changes nothing. */
import type { Engines } from '../engines/index.ts';
import type { Numbers } from '../desired/allocate/numbers.ts';
import { type Desired, desiredAgain, desiredState } from '../desired/desired.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import { hearSignals } from '../host/process/interrupt.ts';
import type { Host } from '../host/ports.ts';
import type { Progress } from '../host/progress.ts';
import { closedState } from '../plan/closed-state.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/step.ts';
import type { Spec } from '../spec/spec.ts';
import { actualState } from '../state/actual.ts';
import type { Facts } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole } from '../topology/role.ts';
import { beginFacts } from './gather.ts';

/** What a run is about: one host, and what the file says of it. */
export interface Target {
  readonly host: Host;
  readonly engines: Engines;
  readonly role: HostRole;
  readonly gateways: Spec['gateways'];
  /** tables and marks to keep, instead of those of the last run */
  readonly numbers?: Numbers;
  /** only what closes is wanted, beside all that is there: no interface and no engine is needed for it */
  readonly closed?: true;
  readonly progress?: Progress | undefined;
}

/** What a host has, and what it should have. */
export interface Compared {
  readonly facts: Facts;
  readonly counters: readonly ElementCounter[];
  readonly desired: Desired;
  readonly actual: readonly HostObject[];
}

export interface Prepared extends Compared {
  readonly plan: Plan;
}

/** A host that the file does not speak of: everything of ours goes. */
export const nobody: Pick<Target, 'role' | 'gateways'> = {
  role: { host: '', addresses: [], networks: [], gateways: [] },
  gateways: {},
};

export async function prepare(target: Target, before: Ledger): Promise<Prepared> {
  const compared = await compareHost(target, before);
  await hearSignals();
  const plan = makePlan(compared.actual, compared.desired);
  await hearSignals();
  return { ...compared, plan };
}

/**
 * All but the way there.
 *
 * @param known what the same target was compared with before
 */
export async function compareHost(target: Target, before: Ledger, known?: Compared): Promise<Compared> {
  const { host, engines, role, gateways, closed, numbers, progress } = target;
  const ledger = { ...before, ...numbers };
  progress?.({ what: 'reading this host' });
  const { foreign, whole } = await beginFacts(host, closed ? undefined : engines, role, ledger);
  await hearSignals();
  const again = known && !closed ? desiredAgain(known, foreign) : undefined;
  const open = again ?? desiredState(role, gateways, foreign, closed);
  // What is ours does not change what is wanted: nft went on listing it meanwhile.
  const { facts, counters } = await whole;
  progress?.({ what: 'working out what is to be done' });
  await hearSignals();
  const desired = closed ? closedState(facts, open) : open;
  const actual = actualState(
    facts,
    desired.wanted.map(({ object }) => object),
  );
  return { facts, counters, desired, actual };
}
