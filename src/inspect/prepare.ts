/** Reads the host and computes the plan. Changes nothing. */
import type { Engines } from '../engines/index.ts';
import type { Numbers } from '../desired/allocate/numbers.ts';
import { withUsableLabels } from '../desired/checks/usable-labels.ts';
import { type Desired, reuseDesired, desiredState } from '../desired/desired.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import { deliverSignals } from '../host/process/interrupt.ts';
import type { Host } from '../host/ports.ts';
import type { Progress } from '../host/progress.ts';
import { closedState } from '../plan/closed-state.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/step.ts';
import type { EngineName, Spec } from '../spec/spec.ts';
import { actualState } from '../state/actual.ts';
import type { Facts } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import type { EngineNetwork } from '../kinds/engine-network/schema.ts';
import { isAlike } from '../kinds/alike.ts';
import type { HostObject } from '../kinds/index.ts';
import type { HostRole } from '../topology/role.ts';
import { type Discovery, discoveryOf, hostRole } from '../topology/topology.ts';
import { readAgentFacts } from './agent-facts.ts';
import { discoverRole } from './discover.ts';
import { beginFacts } from './gather.ts';
import type { PartMemory } from './host-parts.ts';

/** Subject of a run: one host and its role in the file. */
export interface Target {
  readonly host: Host;
  readonly engines: Engines;
  /** by the file alone */
  readonly role: HostRole;
  readonly gateways: Spec['gateways'];
  /** labels redirect networks of this host, too; absent: only those of the file are */
  readonly discovery?: Discovery;
  /** tables and marks to keep, instead of those of the last run */
  readonly numbers?: Numbers;
  /** only block, and keep existing objects: needs neither interfaces nor engines */
  readonly closed?: true;
  /** no engine network is created: what was applied and is missing was removed by somebody, who may make it anew */
  readonly createsNetworks?: false;
  readonly progress?: Progress | undefined;
  /** id of the agent that runs on this host, if one does */
  readonly runningAgent?: () => Promise<string | undefined>;
  /** parts of the host that were read before; absent: all is read anew */
  readonly memory?: PartMemory;
}

/** What a file says about a host. */
export function inFile(spec: Spec, host: string): Pick<Target, 'role' | 'gateways' | 'discovery'> {
  const discovery = discoveryOf(spec, host);
  return { role: hostRole(spec, host), gateways: spec.gateways, ...(discovery ? { discovery } : {}) };
}

/** Facts and actual state of a host, and its desired state. */
export interface Compared {
  /** with the networks that their labels redirect */
  readonly role: HostRole;
  /** engines that were asked for labels and answered */
  readonly listed: readonly EngineName[];
  readonly facts: Facts;
  readonly counters: readonly ElementCounter[];
  readonly desired: Desired;
  readonly actual: readonly HostObject[];
}

export interface Prepared extends Compared {
  readonly plan: Plan;
}

/** Role of a host that the file does not mention: all of our objects are removed. */
export const noRole: Pick<Target, 'role' | 'gateways'> = {
  role: { host: '', addresses: [], networks: [], gateways: [] },
  gateways: {},
};

/** @param known earlier result for the same target */
export async function prepare(target: Target, before: Ledger, known?: Compared): Promise<Prepared> {
  const compared = await compareHost(target, before, known);
  await deliverSignals();
  const plan = makePlan(compared.actual, compared.desired, compared.facts.ledger);
  await deliverSignals();
  return { ...compared, plan };
}

/**
 * Compares desired and actual state, without a plan.
 *
 * @param known earlier result for the same target
 */
export async function compareHost(target: Target, before: Ledger, known?: Compared): Promise<Compared> {
  const { host, gateways, closed, numbers, progress, memory } = target;
  const engines = closed ? undefined : target.engines;
  const ledger = { ...before, ...numbers };
  progress?.({ what: 'reading this host' });
  const { role: labelled, listed, known: said } = await discoverRole({ ...target, engines }, ledger);
  const [gathering, agent] = await Promise.all([
    beginFacts(host, engines, labelled, ledger, memory, said),
    readAgentFacts({ ...target, role: labelled }),
  ]);
  const foreign = { ...gathering.foreign, ...agent };
  const role = withUsableLabels(labelled, { ...foreign, owned: [] });
  await deliverSignals();
  const isSame = known !== undefined && (known.role === role || isAlike(known.role, role));
  const again = isSame && !closed ? reuseDesired(known, foreign) : undefined;
  const open = again ?? desiredState(role, gateways, foreign, closed);
  // Our own objects do not affect the desired state, so nft lists them in the meantime.
  const gathered = await gathering.whole;
  const facts = { ...gathered.facts, ...agent };
  progress?.({ what: 'working out what is to be done' });
  await deliverSignals();
  const allowed = target.createsNetworks === false ? withoutNewNetworks(open, facts) : open;
  const desired = closed ? closedState(facts, allowed) : allowed;
  const actual = actualState(
    facts,
    desired.wanted.map(({ object }) => object),
  );
  return { role, listed, facts, counters: gathered.counters, desired, actual };
}

/** The desired state without networks that are missing. Their rules stay: the next one of that name may have the same bridge. */
function withoutNewNetworks(desired: Desired, { networks }: Facts): Desired {
  const isMissing = ({ engine, name }: EngineNetwork): boolean =>
    networks.some((found) => !found.exists && found.engine === engine && found.name === name);
  const missing = desired.wanted
    .map(({ object }) => object)
    .filter(isEngineNetwork)
    .filter(isMissing);
  if (missing.length === 0) return desired;
  return {
    ...desired,
    wanted: desired.wanted.filter(({ object }) => !missing.some((one) => one === object)),
    waiting: [...desired.waiting, ...missing.map(goneText)],
  };
}

function isEngineNetwork(object: HostObject): object is EngineNetwork {
  return object.kind === 'engine-network';
}

function goneText({ engine, name }: EngineNetwork): string {
  return `network ${name} is gone: make it anew by ${engine}, or by \`mustredirect apply\``;
}
