/** What a drain of this member does to each of its gateways, and which nodes have been told. Pure. */
import { toldSet } from '../desired/nft/drained.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import type { Spec } from '../spec/spec.ts';
import type { HostRole, MemberGateway } from '../topology/role.ts';

export interface DrainedGateway {
  readonly gateway: string;
  /** nodes that choose the member, each with whether it has asked since the drain and has been told */
  readonly nodes?: readonly ToldNode[];
  /** routing by which the nodes learn that another member is better */
  readonly announced?: 'bgp' | 'ospf';
  /** why its nodes go on using this member */
  readonly stays?: string;
}

export interface ToldNode {
  readonly node: string;
  /** The answer has left for the node. It stays nevertheless if its other members are down or drained. */
  readonly told: boolean;
}

/** @param counters of our nft table; those of a node exist while this member is drained */
export function drainedGateways(
  role: Pick<HostRole, 'gateways'>,
  gateways: Spec['gateways'],
  counters: readonly ElementCounter[],
): DrainedGateway[] {
  const told = new Set(
    counters
      .filter(({ set, packets }) => packets > 0 && (set === toldSet(4) || set === toldSet(6)))
      .map(({ element }) => element),
  );
  return role.gateways.map((gateway) => {
    const { name, chosenByNodes } = gateway;
    const { members = [], routing } = gateways[name] ?? {};
    if (members.length < 2) return { gateway: name, stays: 'it has no other member' };
    if (routing) return { gateway: name, announced: routing.protocol };
    if (!chosenByNodes) return { gateway: name, stays: 'without `check:`, nodes use its first member' };
    return { gateway: name, nodes: nodesOf(gateway, told) };
  });
}

function nodesOf({ served }: MemberGateway, told: ReadonlySet<string>): ToldNode[] {
  return [...new Set(served.map(({ node }) => node))].map((node) => ({
    node,
    told: served.some((one) => one.node === node && told.has(one.nodeAddress)),
  }));
}
