/**
 * Containers that send at every moment, and their conntrack entries: the first packet that passes decides about a flow,
 * and the decision holds until the entry is deleted.
 */
import { familyOf } from '../../src/address/cidr.ts';
import type { FakeHost } from '../fake-host/fake-host.ts';
import { type Decision, decisionOf } from '../fake-host/packet.ts';
import { mainTable } from '../fake-host/state.ts';
import { destinations } from './specs.ts';

/** decisions about flows of a host, from one run to the next */
const kept = new WeakMap<FakeHost, Map<string, Decision>>();

/**
 * @param inside containers that are redirected at the end: packets to them keep their own address, as intended
 * @returns a function that checks again, and returns flows that leave by the host's own routes with a redirected
 *   address
 */
export function followFlows(
  host: FakeHost,
  sources: readonly string[],
  inside: readonly string[],
): (change: string) => string[] {
  const decisions = kept.get(host) ?? new Map<string, Decision>();
  kept.set(host, decisions);
  const pairs = sources.flatMap((source) =>
    destinations
      .filter((destination) => familyOf(destination) === familyOf(source) && !inside.includes(destination))
      .map((destination) => ({ source, destination })),
  );
  return (change) => {
    const known = new Set(host.state.flows);
    const begun: string[] = [];
    const wrong = pairs.flatMap((pair) => {
      const now = decisionOf(host.state, pair);
      if (!now) return [];
      const flow = `${pair.source} ${pair.destination}`;
      if (!known.has(flow)) {
        decisions.set(flow, now.decision);
        begun.push(flow);
      }
      const decision = decisions.get(flow);
      const isOwn = decision === pair.source && now.decision !== decision;
      return isOwn && now.table === mainTable ? [`${change}: the flow ${flow} keeps its address`] : [];
    });
    if (begun.length > 0) host.state.flows = [...host.state.flows, ...begun];
    return wrong;
  };
}
