/** Names that point to hosts and gateways, and who may be both a node and a member. */
import type { Check, Checked } from './check-context.ts';
import { type Place, type PlacedProblem, problemAt, quote } from './tree.ts';

export const checkReferences: Check = (checked) => [
  ...checkNetworks(checked),
  ...checkMembers(checked),
  ...checkNodesOfOwnGateway(checked),
];

function checkNetworks(checked: Checked): PlacedProblem[] {
  const { draft, suggest, keyPlace, valuePlace } = checked;
  const hosts = new Set(checked.hosts);
  const gateways = new Set(checked.gateways);
  return Object.entries(draft.networks ?? {}).flatMap(([network, { subnets = {}, via }]) => {
    const path = ['networks', network];
    const nodes = Object.keys(subnets).flatMap((node) =>
      hosts.has(node) ? [] : unknownHost(checked, node, keyPlace([...path, 'subnets', node])),
    );
    if (!checked.gateways || via === undefined || gateways.has(via)) return nodes;
    const hint = suggest(via, checked.gateways, 'gateways of this file');
    return [...nodes, problemAt(valuePlace([...path, 'via']), `unknown gateway ${quote(via)}`, hint)];
  });
}

function checkMembers(checked: Checked): PlacedProblem[] {
  const { draft, valuePlace } = checked;
  const hosts = new Set(checked.hosts);
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) => {
    const first = new Map<string, Place>();
    return members.flatMap(({ host }, i) => {
      if (host === undefined) return [];
      const place = valuePlace(['gateways', gateway, 'members', i, 'host']);
      const before = first.get(host);
      if (!before) {
        first.set(host, place);
        return hosts.has(host) ? [] : unknownHost(checked, host, place);
      }
      const message = `${quote(host)} is a member already (line ${before.line})`;
      return [problemAt(place, message, 'a host is a member once: remove one of them')];
    });
  });
}

function unknownHost({ hosts, suggest }: Checked, host: string, place: Place): PlacedProblem[] {
  if (!hosts) return [];
  return [problemAt(place, `unknown host ${quote(host)}`, suggest(host, hosts, 'hosts of this file'))];
}

/** Its packets would have to leave to itself; the gateway's rules would take its own answers. */
function checkNodesOfOwnGateway({ draft, valuePlace }: Checked): PlacedProblem[] {
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
      const place = valuePlace(['gateways', gateway, 'members', i, 'host']);
      const message = `${host} is a node of network ${network}, which leaves by this gateway`;
      return [problemAt(place, message, `remove it, or send ${network} by a gateway on another host`)];
    }),
  );
}
