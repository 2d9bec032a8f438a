/**
 * A subnet needs an address of its family on its node and on each member of its gateway, which are next hops,
 * and wherever the gateway lists addresses per family. A family that the network blocks needs nothing.
 */
import { type Address, type Family, type Subnet, familyOf } from '../address/cidr.ts';
import { blockedFamilies } from './blocked.ts';
import type { Check, Checked } from './check-context.ts';
import type { PlacedSubnet } from './placed.ts';
import { type PlacedProblem, problemAt } from './tree.ts';

type Draft = Checked['draft'];

export const checkFamilies: Check = (checked) => {
  const subnets = checked.openSubnets;
  const needs = needsOfGateways(checked.draft, subnets);
  return [
    ...checkBlocks(checked),
    ...checkNodes(checked, subnets),
    ...checkMembers(checked, needs),
    ...checkSources(checked, needs),
    ...checkNameServers(checked, subnets),
  ];
};

/** A network with nothing left is a mistake: it would be redirected to nowhere. */
function checkBlocks({ draft, subnets, keyPlace }: Checked): PlacedProblem[] {
  const blocking = Object.entries(draft.networks ?? {}).filter(
    ([, entry]) => blockedFamilies(entry).length > 0,
  );
  if (blocking.length === 0) return [];
  const all = familiesByNetwork(subnets);
  return blocking.flatMap(([network, entry]) => {
    const last = blockedFamilies(entry).at(-1);
    const families = [...(all.get(network) ?? [])];
    if (families.some((family) => !blockedFamilies(entry).includes(family))) return [];
    if (families.length === 0) return [];
    const message = `all traffic of ${network} would be blocked: it has no subnet of another family`;
    const hint = 'remove it, or add a subnet of the family that uses the gateway';
    return [problemAt(keyPlace(['networks', network, `ipv${last}`]), message, hint)];
  });
}

function checkNodes({ draft, keyPlace }: Checked, subnets: readonly PlacedSubnet[]): PlacedProblem[] {
  return subnets.flatMap(({ subnet, network, node, path }) => {
    const family = familyOf(subnet);
    if (!lacks(draft.hosts, node, family)) return [];
    const message = `${node} has no IPv${family} address, which ${subnet} needs for the return route`;
    const hint = `give ${node} one under hosts${orBlock(draft, network, family)}`;
    return [problemAt(keyPlace(path.slice(0, -1)), message, hint)];
  });
}

/** What a gateway needs a family for: the first network's subnet of it. */
interface Need {
  readonly gateway: string;
  readonly family: Family;
  readonly network: string;
  readonly subnet: Subnet;
}

function needsOfGateways({ networks = {} }: Draft, subnets: readonly PlacedSubnet[]): Map<string, Need[]> {
  const needs = new Map<string, Need[]>();
  for (const { subnet, network } of subnets) {
    const family = familyOf(subnet);
    for (const gateway of gatewaysOf(networks[network] ?? {}, family)) {
      const known = needs.get(gateway) ?? [];
      if (known.some((need) => need.family === family)) continue;
      needs.set(gateway, [...known, { gateway, family, network, subnet }]);
    }
  }
  return needs;
}

/** Where packets of a family go. */
function gatewaysOf(
  { via, routes = [] }: NonNullable<Draft['networks']>[string],
  family: Family,
): Iterable<string> {
  if (routes.length === 0) return via === undefined ? [] : [via];
  const others = routes
    .filter(({ to = [] }) => to.length === 0 || to.some((subnet) => familyOf(subnet) === family))
    .map((route) => route.via);
  return new Set([via, ...others].filter((gateway) => gateway !== undefined));
}

function checkMembers(checked: Checked, needs: ReadonlyMap<string, readonly Need[]>): PlacedProblem[] {
  const { draft, valuePlace } = checked;
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i) =>
      (needs.get(gateway) ?? []).flatMap(({ family, network, subnet }) => {
        const path = ['gateways', gateway, 'members', i];
        const block = orBlock(draft, network, family);
        const problems: PlacedProblem[] = [];
        if (host !== undefined && lacks(draft.hosts, host, family)) {
          const message = `${host} has no IPv${family} address, which ${subnet} needs as its next hop`;
          const hint = `give ${host} one under hosts${block}`;
          problems.push(problemAt(valuePlace([...path, 'host']), message, hint));
        }
        if (uplink?.via && !hasFamily(uplink.via, family)) {
          const message = `the uplink has no IPv${family} next hop, and ${network} sends IPv${family} through it`;
          const hint = `add one, or leave via out on a point-to-point link${block}`;
          problems.push(problemAt(valuePlace([...path, 'uplink', 'via']), message, hint));
        }
        return problems;
      }),
    ),
  );
}

function checkSources(checked: Checked, needs: ReadonlyMap<string, readonly Need[]>): PlacedProblem[] {
  const { draft, valuePlace } = checked;
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { snat }]) => {
    if (typeof snat !== 'object') return [];
    return (needs.get(gateway) ?? []).flatMap(({ family, network }) => {
      if (hasFamily(snat, family)) return [];
      const message = `snat has no IPv${family} address, and ${network} sends IPv${family} through it`;
      const hint = `add one, or write masquerade${orBlock(draft, network, family)}`;
      return [problemAt(valuePlace(['gateways', gateway, 'snat']), message, hint)];
    });
  });
}

/** Questions of that family would go where the engine sends them. */
function checkNameServers({ draft, valuePlace }: Checked, subnets: readonly PlacedSubnet[]): PlacedProblem[] {
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
        return problemAt(valuePlace(['networks', network, 'dns']), message, hint);
      });
  });
}

/** The other way out: only for a network that has another family. */
function orBlock({ networks = {} }: Draft, network: string, family: Family): string {
  const families = Object.values(networks[network]?.subnets ?? {})
    .flat()
    .map(familyOf);
  return families.some((other) => other !== family)
    ? `, or write \`ipv${family}: block\` in network ${network}`
    : '';
}

function familiesByNetwork(subnets: readonly PlacedSubnet[]): Map<string, Set<Family>> {
  const found = new Map<string, Set<Family>>();
  for (const { subnet, network } of subnets) {
    found.set(network, (found.get(network) ?? new Set()).add(familyOf(subnet)));
  }
  return found;
}

/** Whether a host that the draft knows lacks an address of a family. */
function lacks(hosts: Draft['hosts'], host: string, family: Family): boolean {
  if (!hosts || !Object.hasOwn(hosts, host)) return false;
  return !hasFamily(hosts[host] ?? [], family);
}

function hasFamily(addresses: readonly Address[], family: Family): boolean {
  return addresses.some((address) => familyOf(address) === family);
}
