/**
 * Checks that a subnet has an address of its family on its node and on each member of its gateway, which are next hops,
 * and in each list of addresses per family of the gateway. A blocked family needs none.
 */
import { type Address, type Family, type Subnet, familyOf } from '../address/cidr.ts';
import { blockedFamilies } from './blocked.ts';
import type { Check, CheckInput } from './check-context.ts';
import { type PoolInFile, type SubnetInFile, labelGatewaysOf, poolsOf } from './addresses-in-file.ts';
import type { Draft, DraftNetwork } from './schema.ts';
import { type RangedProblem, problemAt } from './tree.ts';

export const checkFamilies: Check = (input) => {
  const subnets = input.openSubnets;
  const needs = needsOfGateways(input.draft, subnets);
  return [
    ...checkBlocks(input),
    ...checkNodes(input, [...subnets, ...poolsOf(input.draft)]),
    ...checkMembers(input, needs),
    ...checkSources(input, needs),
    ...checkNameServers(input, subnets),
  ];
};

/** A network with all families blocked is an error: all of its traffic would be dropped. */
function checkBlocks({ draft, subnets, keyPosition }: CheckInput): RangedProblem[] {
  const blocking = Object.entries(draft.networks ?? {}).filter(
    ([, entry]) => blockedFamilies(entry).length > 0,
  );
  if (blocking.length === 0) return [];
  const all = familiesByNetwork(subnets);
  return blocking.flatMap(([network, entry]) => {
    const blocked = blockedFamilies(entry);
    const families = [...(all.get(network) ?? [])];
    if (families.length === 0 || families.some((family) => !blocked.includes(family))) return [];
    const message = `all traffic of ${network} would be blocked: it has no subnet of another family`;
    const hint = 'remove it, or add a subnet of the family that uses the gateway';
    return [problemAt(keyPosition(['networks', network, `ipv${blocked.at(-1)}`]), message, hint)];
  });
}

type Checked = PoolInFile & Partial<Pick<SubnetInFile, 'network'>>;

function checkNodes({ draft, keyPosition }: CheckInput, subnets: readonly Checked[]): RangedProblem[] {
  return subnets.flatMap(({ subnet, network, node, path }) => {
    const family = familyOf(subnet);
    if (!lacks(draft.hosts, node, family)) return [];
    const message = `${node} has no IPv${family} address, which ${subnet} needs for the return route`;
    const block = network === undefined ? '' : orBlock(draft, network, family);
    return [problemAt(keyPosition(path.slice(0, -1)), message, `give ${node} one under hosts${block}`)];
  });
}

/** First subnet of a family that a gateway must carry. */
interface Need {
  readonly gateway: string;
  readonly family: Family;
  readonly network: string;
  readonly subnet: Subnet;
}

export function needsOfGateways(draft: Draft, subnets: readonly SubnetInFile[]): Map<string, Need[]> {
  const { networks = {} } = draft;
  const needs = new Map<string, Need[]>();
  const add = (need: Need): void => {
    const known = needs.get(need.gateway) ?? [];
    if (!known.some(({ family }) => family === need.family)) needs.set(need.gateway, [...known, need]);
  };
  for (const { subnet, network } of subnets) {
    const family = familyOf(subnet);
    for (const gateway of gatewaysOf(networks[network] ?? {}, family))
      add({ gateway, family, network, subnet });
  }
  for (const { subnet, node } of poolsOf(draft)) {
    for (const gateway of labelGatewaysOf(draft, node))
      add({ gateway, family: familyOf(subnet), network: `the pool of ${node}`, subnet });
  }
  return needs;
}

/** Gateways for packets of a family. */
function gatewaysOf({ via, routes = [] }: DraftNetwork, family: Family): Iterable<string> {
  if (routes.length === 0) return via === undefined ? [] : [via];
  const others = routes
    .filter(({ to = [] }) => to.length === 0 || to.some((subnet) => familyOf(subnet) === family))
    .map((route) => route.via);
  return new Set([via, ...others].filter((gateway) => gateway !== undefined));
}

function checkMembers(input: CheckInput, needs: ReadonlyMap<string, readonly Need[]>): RangedProblem[] {
  const { draft, valuePosition } = input;
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i) =>
      (needs.get(gateway) ?? []).flatMap(({ family, network, subnet }) => {
        const path = ['gateways', gateway, 'members', i];
        const block = orBlock(draft, network, family);
        const problems: RangedProblem[] = [];
        if (host !== undefined && lacks(draft.hosts, host, family)) {
          const message = `${host} has no IPv${family} address, which ${subnet} needs as its next hop`;
          const hint = `give ${host} one under hosts${block}`;
          problems.push(problemAt(valuePosition([...path, 'host']), message, hint));
        }
        const neighbor = uplink?.routing?.neighbor;
        if (neighbor && !hasFamily(neighbor, family)) {
          const message = `the uplink has no IPv${family} neighbor, and ${network} sends IPv${family} through it`;
          const at = valuePosition([...path, 'uplink', 'routing', 'neighbor']);
          problems.push(problemAt(at, message, `add one${block}`));
        }
        if (uplink?.via && !hasFamily(uplink.via, family)) {
          const message = `the uplink has no IPv${family} next hop, and ${network} sends IPv${family} through it`;
          const hint = `add one, or leave via out on a point-to-point link${block}`;
          problems.push(problemAt(valuePosition([...path, 'uplink', 'via']), message, hint));
        }
        return problems;
      }),
    ),
  );
}

function checkSources(input: CheckInput, needs: ReadonlyMap<string, readonly Need[]>): RangedProblem[] {
  const { draft, valuePosition } = input;
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { snat }]) => {
    if (typeof snat !== 'object') return [];
    return (needs.get(gateway) ?? []).flatMap(({ family, network }) => {
      if (hasFamily(snat, family)) return [];
      const message = `snat has no IPv${family} address, and ${network} sends IPv${family} through it`;
      const hint = `add one, or write masquerade${orBlock(draft, network, family)}`;
      return [problemAt(valuePosition(['gateways', gateway, 'snat']), message, hint)];
    });
  });
}

/** DNS queries of a family without name server would leave by the engine's choice. */
function checkNameServers(
  { draft, valuePosition }: CheckInput,
  subnets: readonly SubnetInFile[],
): RangedProblem[] {
  const asking = Object.entries(draft.networks ?? {}).filter(([, { dns }]) => typeof dns === 'object');
  if (asking.length === 0) return [];
  const families = familiesByNetwork(subnets);
  return asking.flatMap(([network, { dns }]) => {
    if (typeof dns !== 'object') return [];
    return [...(families.get(network) ?? [])]
      .filter((family) => !hasFamily(dns, family))
      .map((family) => {
        const message = `dns has no IPv${family} address, and ${network} has an IPv${family} subnet`;
        const hint = `add one, or write gateway${orBlock(draft, network, family)}`;
        return problemAt(valuePosition(['networks', network, 'dns']), message, hint);
      });
  });
}

/** Hint that suggests blocking the family, if the network has another one. */
export function orBlock({ networks = {} }: Draft, network: string, family: Family): string {
  const families = Object.values(networks[network]?.subnets ?? {})
    .flat()
    .map(familyOf);
  return families.some((other) => other !== family)
    ? `, or write \`ipv${family}: block\` in network ${network}`
    : '';
}

function familiesByNetwork(subnets: readonly SubnetInFile[]): Map<string, Set<Family>> {
  const found = new Map<string, Set<Family>>();
  for (const { subnet, network } of subnets) {
    found.set(network, (found.get(network) ?? new Set()).add(familyOf(subnet)));
  }
  return found;
}

/** Whether a host in the draft lacks an address of a family. */
function lacks(hosts: Draft['hosts'], host: string, family: Family): boolean {
  if (!hosts || !Object.hasOwn(hosts, host)) return false;
  return !hasFamily(hosts[host] ?? [], family);
}

function hasFamily(addresses: readonly Address[], family: Family): boolean {
  return addresses.some((address) => familyOf(address) === family);
}
