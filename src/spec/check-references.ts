/** Checks names of hosts and gateways, and which hosts are both a node and a member. */
import type { Check, CheckInput } from './check-context.ts';
import { type SourcePosition, type RangedProblem, problemAt, quote } from './tree.ts';

export const checkReferences: Check = (input) => [
  ...checkNetworks(input),
  ...checkMembers(input),
  ...checkNodesOfOwnGateway(input),
];

function checkNetworks(input: CheckInput): RangedProblem[] {
  const { draft, suggest, keyPosition, valuePosition } = input;
  const hosts = new Set(input.hosts);
  const gateways = new Set(input.gateways);
  return Object.entries(draft.networks ?? {}).flatMap(([network, { subnets = {}, via }]) => {
    const path = ['networks', network];
    const nodes = Object.keys(subnets).flatMap((node) =>
      hosts.has(node) ? [] : unknownHost(input, node, keyPosition([...path, 'subnets', node])),
    );
    if (!input.gateways || via === undefined || gateways.has(via)) return nodes;
    const hint = suggest(via, input.gateways, 'gateways of this file');
    return [...nodes, problemAt(valuePosition([...path, 'via']), `unknown gateway ${quote(via)}`, hint)];
  });
}

function checkMembers(input: CheckInput): RangedProblem[] {
  const { draft, valuePosition } = input;
  const hosts = new Set(input.hosts);
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) => {
    const first = new Map<string, SourcePosition>();
    return members.flatMap(({ host }, i) => {
      if (host === undefined) return [];
      const position = valuePosition(['gateways', gateway, 'members', i, 'host']);
      const before = first.get(host);
      if (!before) {
        first.set(host, position);
        return hosts.has(host) ? [] : unknownHost(input, host, position);
      }
      const message = `${quote(host)} is a member already (line ${before.line})`;
      return [problemAt(position, message, 'a host is a member once: remove one of them')];
    });
  });
}

function unknownHost(
  { hosts, suggest }: CheckInput,
  host: string,
  position: SourcePosition,
): RangedProblem[] {
  if (!hosts) return [];
  return [problemAt(position, `unknown host ${quote(host)}`, suggest(host, hosts, 'hosts of this file'))];
}

/** The host would be its own next hop, and the gateway's rules would match its own replies. */
function checkNodesOfOwnGateway({ draft, valuePosition }: CheckInput): RangedProblem[] {
  const networkOfNode = new Map<string, string>();
  const keyOf = (gateway: string, host: string) => `${gateway}\0${host}`;
  for (const [network, { via, routes = [], subnets = {} }] of Object.entries(draft.networks ?? {})) {
    for (const gateway of [via, ...routes.map((route) => route.via)]) {
      if (gateway === undefined) continue;
      for (const node of Object.keys(subnets)) {
        const key = keyOf(gateway, node);
        if (!networkOfNode.has(key)) networkOfNode.set(key, network);
      }
    }
  }
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host }, i) => {
      if (members.findIndex((member) => member.host === host) !== i) return [];
      const network = host === undefined ? undefined : networkOfNode.get(keyOf(gateway, host));
      if (network === undefined) return [];
      const position = valuePosition(['gateways', gateway, 'members', i, 'host']);
      const message = `${host} is a node of network ${network}, which leaves by this gateway`;
      return [problemAt(position, message, `remove it, or send ${network} by a gateway on another host`)];
    }),
  );
}
