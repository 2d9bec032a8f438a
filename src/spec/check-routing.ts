/**
 * Checks that no two BGP sessions between the same hosts have the same port, since only addresses and port tell them
 * apart; that no host speaks OSPF for two gateways, since nothing tells those apart; and the keys of each protocol.
 */
import type { Check, CheckInput } from './check-context.ts';
import { type RangedProblem, problemAt } from './tree.ts';
import { usualBgpPort } from './routing-fields.ts';

export const checkRouting: Check = (input) => [
  ...checkKeys(input),
  ...checkPorts(input),
  ...checkOspf(input),
  ...checkUplinks(input),
];

const gatewayKeys = {
  static: [],
  bgp: ['port', 'bfd'],
  ospf: ['hello', 'dead', 'password_file', 'bfd'],
} as const;
const allGatewayKeys = ['port', 'hello', 'dead', 'password_file', 'bfd'] as const;

function checkKeys({ draft, keyPosition }: CheckInput): RangedProblem[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { routing = {} }]) => {
    const { protocol } = routing;
    if (protocol === undefined) return [];
    const own: readonly string[] = gatewayKeys[protocol];
    const others = allGatewayKeys.filter((key) => routing[key] !== undefined && !own.includes(key));
    return others.map((key) => {
      const at = keyPosition(['gateways', gateway, 'routing', key]);
      return protocol === 'static'
        ? problemAt(at, `static routes have no ${key}`, `write \`protocol: bgp\`, or leave ${key} out`)
        : problemAt(at, `${protocol} has no ${key} here`, `leave ${key} out`);
    });
  });
}

function checkOspf(input: CheckInput): RangedProblem[] {
  const { draft, valuePosition } = input;
  const first = new Map<string, string>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [], routing }]) => {
    if (routing?.protocol !== 'ospf') return [];
    const hosts = new Set([...nodesOf(input, gateway), ...members.flatMap(({ host }) => host ?? [])]);
    const twice = [...hosts].find((host) => first.has(host));
    for (const host of hosts) if (!first.has(host)) first.set(host, gateway);
    if (twice === undefined) return [];
    const message = `${twice} speaks OSPF for gateway ${first.get(twice)} already`;
    const at = valuePosition(['gateways', gateway, 'routing', 'protocol']);
    return [problemAt(at, message, 'write `protocol: bgp` for one of the gateways')];
  });
}

function checkPorts(input: CheckInput): RangedProblem[] {
  const { draft, valuePosition } = input;
  const first = new Map<string, string>();
  return Object.entries(draft.gateways ?? {}).flatMap(
    ([gateway, { members = [], routing }]): RangedProblem[] => {
      if (routing === undefined || routing.protocol === 'static' || routing.protocol === 'ospf') return [];
      const path = ['gateways', gateway, 'routing'];
      const { port = usualBgpPort } = routing;
      const pairs = nodesOf(input, gateway).flatMap((node) =>
        members.flatMap(({ host }) => (host === undefined ? [] : [[node, host].sort() as [string, string]])),
      );
      for (const [one, other] of pairs) {
        const key = `${one}\0${other}\0${port}`;
        const known = first.get(key);
        if (known === undefined) first.set(key, gateway);
        if (known === undefined || known === gateway) continue;
        const { line } = valuePosition(['gateways', known, 'routing']);
        const message = `${one} and ${other} have a BGP session with port ${port} for gateway ${known} already (line ${line})`;
        const at = valuePosition(routing.port === undefined ? path : [...path, 'port']);
        return [
          problemAt(at, message, `give one of the gateways another port, such as \`port: ${port + 1}\``),
        ];
      }
      return [];
    },
  );
}

/** Nodes whose networks may leave by the gateway. */
function nodesOf({ draft }: CheckInput, gateway: string): string[] {
  const nodes = Object.values(draft.networks ?? {}).flatMap(({ via, routes = [], subnets = {} }) =>
    [via, ...routes.map((route) => route.via)].includes(gateway) ? Object.keys(subnets) : [],
  );
  return [...new Set(nodes)];
}

/** Keys of each protocol, besides those of both; and those that it needs. */
const ownKeys = {
  bgp: { may: ['as', 'neighbor', 'peer_as'], must: ['as', 'neighbor', 'peer_as'] },
  ospf: { may: ['area', 'hello', 'dead', 'cost'], must: [] },
} as const;

function checkUplinks({ draft, valuePosition, keyPosition }: CheckInput): RangedProblem[] {
  const first = new Map<string, string>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i): RangedProblem[] => {
      const { routing, device = '' } = uplink ?? {};
      if (routing?.protocol === undefined) return [];
      const { protocol } = routing;
      const path = ['gateways', gateway, 'members', i, 'uplink', 'routing'];
      const other = ownKeys[protocol === 'bgp' ? 'ospf' : 'bgp'];
      const missing: readonly (keyof typeof routing)[] = ownKeys[protocol].must;
      const problems = [
        ...other.may
          .filter((key) => routing[key] !== undefined)
          .map((key) =>
            problemAt(keyPosition([...path, key]), `${protocol} has no ${key}`, `leave ${key} out`),
          ),
        ...missing
          .filter((key) => routing[key] === undefined)
          .map((key) => ({
            ...problemAt(valuePosition(path), `${key} is missing, which bgp needs`, `add ${key}`),
            mayFollow: true as const,
          })),
      ];
      if (protocol === 'bgp' && uplink?.via !== undefined) {
        const at = keyPosition([...path.slice(0, -1), 'via']);
        problems.push(
          problemAt(at, 'the next hop is the neighbour of the routing protocol', 'leave via out'),
        );
      }
      const key = `${host} ${device}`;
      const known = first.get(key);
      if (known === undefined) first.set(key, gateway);
      else if (known !== gateway) {
        const message = `${device} of ${host} has a routing protocol for gateway ${known} already`;
        problems.push(problemAt(valuePosition(path), message, 'give each gateway a device of its own'));
      }
      return problems;
    }),
  );
}
