/**
 * Containers that send at every moment, and what conntrack keeps of that: the decision about a flow is made at its first packet
 * that passes, and holds until it is forgotten.
 */
import { familyOf } from '../../src/address/cidr.ts';
import type { FakeHost } from '../fake-host/fake-host.ts';
import { type Decision, decisionOf } from '../fake-host/packet.ts';
import { mainTable } from '../fake-host/state.ts';
import { destinations } from './specs.ts';

/** of each host that its flows were followed on, from one run to the next */
const kept = new WeakMap<FakeHost, Map<string, Decision>>();

/**
 * @param inside containers that are redirected in the end: what goes to them keeps its own address, as it is to
 * @returns looks once more; the flows that leave by the host's own routes with an address that is only for ours
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
