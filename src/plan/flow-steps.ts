/**
 * Flows whose conntrack entries a plan deletes. An entry keeps the NAT decision of its first packet: a flow that began
 * before its subnet was redirected would reach the gateway with the host's address. Without the entry, the next packet
 * of the flow gets a new decision.
 */
import {
  type Subnet,
  excludeSubnets,
  families,
  familyOf,
  longSubnet,
  mergeSubnets,
  subnetOfAddress,
} from '../address/cidr.ts';
import { type NatDecisions, noDecisions } from '../kinds/flows/nat-decisions.ts';
import { isAlike } from '../kinds/alike.ts';
import { type Flows, flowsKey, uniqueFlows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { returnRoutes } from '../kinds/route/return-routes.ts';
import { preferences } from '../kinds/ownership.ts';
import { flowsOfClosingSets } from './closing.ts';
import { overlapsAny } from './overlaps.ts';
import { printList } from '../kinds/list.ts';
import type { PlanLine, Step } from './step.ts';
import { type NatMemory, isInForce, rememberedDecisions } from './nat-memory.ts';
import { isNftObject } from './nft-text.ts';

export interface ChangedFlows {
  /** flows whose NAT decision changes with the union table */
  readonly atUnion: readonly Flows[];
  /** flows whose NAT decision changes when the old rules are pruned */
  readonly atPrune: readonly Flows[];
}

/** @param after NAT decisions of the desired state */
export function changedFlows(
  actual: readonly HostObject[],
  after: NatDecisions,
  memory: NatMemory,
): ChangedFlows {
  const before = rememberedDecisions(memory);
  // Another program or an interrupted run may have changed the table: then any flow may have got another decision.
  const inForce = isInForce(memory, actual) ? before : noDecisions;
  const { forget = flowsOfClosingSets(actual) } = memory;
  // A repair of rules or routes, whose flows keep their decisions: a host may have ten thousand subnets to compare.
  if (memory.nat && inForce === before && isAlike(before, after)) {
    const others = excludeSubnets(redirectedOnHost(actual), after.redirected);
    return { atUnion: [], atPrune: uniqueFlows([...flowsFrom(others), ...forget]) };
  }
  return {
    atUnion: uniqueFlows([
      ...flowsFrom(withOtherDecision(after, inForce)),
      ...addedDirect(after, inForce),
      // They left by the gateway with the container's address, and stay inside from now on.
      ...flowsTo(excludeSubnets(after.redirected, inForce.redirected), inForce.local),
    ]),
    atPrune: uniqueFlows([
      ...flowsFrom([
        ...withOtherDecision(before, after),
        // The ledger may be lost, and a failed undo leaves rules that are not in the ledger.
        ...excludeSubnets(redirectedOnHost(actual), after.redirected),
      ]),
      ...addedDirect(before, after),
      ...flowsTo(excludeSubnets(before.redirected, after.redirected), after.local),
      ...(memory.nat ? flowsOfUnpublishedPorts(before, after) : flowsOfAnyPublishedPort(actual)),
      ...forget,
    ]),
  };
}

/**
 * Flows that use an egress of ours until now: on a new egress they would keep the source address of the old one. The
 * guard drops newly redirected flows until they are steered. Without our table, no flow uses an egress of ours.
 */
export function flowsToClose(
  actual: readonly HostObject[],
  { atUnion, atPrune }: ChangedFlows,
  memory: NatMemory,
): readonly Flows[] {
  if (atUnion.length === 0 || !actual.some(isNftObject)) return atPrune;
  const redirected = mergeSubnets([...rememberedDecisions(memory).redirected, ...redirectedOnHost(actual)]);
  return [...atUnion.filter(({ from }) => overlapsAny(from, redirected)), ...atPrune];
}

export function forgetLines(flows: readonly Flows[]): PlanLine[] {
  if (flows.length === 0) return [];
  const texts = flows.map(({ from, to, inbound }) =>
    inbound ? `${from} that others began` : to === undefined ? from : `${from} to ${to}`,
  );
  const text = `conntrack: forget flows from ${printList([...new Set(texts)])}`;
  return [{ sign: '*', text, why: 'drop existing connections, so that they pick up the new source address' }];
}

/**
 * Deletes the entries of flows that the guard drops while they have the old source address.
 *
 * @param closed flows whose entries are deleted later, before they are opened
 */
export function forgetSteps({ atUnion }: ChangedFlows, closed: readonly Flows[]): Step[] {
  const later = new Set(closed);
  const flows = atUnion.filter((some) => !later.has(some));
  return flows.length === 0 ? [] : [{ do: { kind: 'forget-flows', flows }, lines: forgetLines(flows) }];
}

/** Inbound flows of a removed port would still reach the old container, and its replies could leave by any egress. */
function flowsOfUnpublishedPorts({ published }: NatDecisions, after: NatDecisions): Flows[] {
  return Object.entries(published)
    .filter(([rule]) => !(rule in after.published))
    .map(([, address]) => ({ from: subnetOfAddress(address), inbound: true }));
}

/** Without a ledger, any container that a gateway serves may have had a published port. */
function flowsOfAnyPublishedPort(actual: readonly HostObject[]): Flows[] {
  return mergeSubnets(returnRoutes(actual).map(({ subnet }) => subnet)).map((from) => ({
    from,
    inbound: true,
  }));
}

/** Flows from local containers to subnets that become redirected, or no longer are, get another source address. */
function flowsTo(changed: readonly Subnet[], local: readonly Subnet[]): Flows[] {
  return families.flatMap((family) => {
    const to = changed.filter((subnet) => familyOf(subnet) === family);
    return local
      .filter((subnet) => familyOf(subnet) === family)
      .flatMap((from) => to.map((one) => ({ from, to: one })));
  });
}

/** Flows to new direct destinations, which leave with the host's address. */
function addedDirect(some: NatDecisions, others: NatDecisions): Flows[] {
  const known = new Set(others.direct.map(flowsKey));
  return some.direct.filter((pair) => !known.has(flowsKey(pair)));
}

function flowsFrom(subnets: readonly Subnet[]): Flows[] {
  return mergeSubnets(subnets).map((from) => ({ from }));
}

/** Redirected subnets by our rules and xfrm policies on the host; only policies name the subnets that a mark steers. */
function redirectedOnHost(actual: readonly HostObject[]): Subnet[] {
  return actual.flatMap((o) => {
    if (o.kind === 'rule') return o.preference === preferences.steer ? (o.from ?? []) : [];
    return o.kind === 'xfrm-policy' && o.bit === undefined ? longSubnet(o.from) : [];
  });
}

/**
 * Subnets with a decision that `others` does not have for them. Compares addresses: a subnet that is only merged with a
 * new neighbour keeps its decision.
 */
function withOtherDecision(some: NatDecisions, others: NatDecisions): Subnet[] {
  return Object.entries(some.bySource).flatMap(([decision, subnets]) =>
    excludeSubnets(subnets, others.bySource[decision] ?? []),
  );
}
