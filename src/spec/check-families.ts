/** A subnet needs an address of its family on its node and on each member of its gateway: they are next hops. */
import { type Family, type Subnet, familyOf } from '../address/cidr.ts';
import type { Check, Checked } from './check.ts';
import { type PlacedSubnet, subnetsOf } from './placed.ts';
import { isSupportedFamily } from './supported.ts';
import { type PlacedProblem, problemAt } from './tree.ts';

export const checkFamilies: Check = (checked) => {
  const subnets = subnetsOf(checked.draft).filter(({ subnet }) => isSupportedFamily(familyOf(subnet)));
  return [...checkNodes(checked, subnets), ...checkMembers(checked, subnets)];
};

function checkNodes({ draft, keyPlace }: Checked, subnets: readonly PlacedSubnet[]): PlacedProblem[] {
  return subnets.flatMap(({ subnet, node, path }) => {
    if (!lacks(draft.hosts, node, familyOf(subnet))) return [];
    const message = `${node} has no IPv${familyOf(subnet)} address, which ${subnet} needs for the way back`;
    return [problemAt(keyPlace(path.slice(0, -1)), message, `give ${node} one under hosts`)];
  });
}

function checkMembers({ draft, valuePlace }: Checked, subnets: readonly PlacedSubnet[]): PlacedProblem[] {
  const needs = new Map<string, Subnet>();
  for (const { subnet, network } of subnets) {
    const via = draft.networks?.[network]?.via;
    if (via !== undefined) needs.set(`${via} ${familyOf(subnet)}`, subnet);
  }
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host }, i) =>
      ([4, 6] as const).flatMap((family) => {
        const subnet = needs.get(`${gateway} ${family}`);
        if (subnet === undefined || host === undefined || !lacks(draft.hosts, host, family)) return [];
        const place = valuePlace(['gateways', gateway, 'members', i, 'host']);
        const message = `${host} has no IPv${family} address, which ${subnet} needs as its next hop`;
        return [problemAt(place, message, `give ${host} one under hosts`)];
      }),
    ),
  );
}

/** Whether a host that the draft knows lacks an address of a family. */
function lacks(hosts: Checked['draft']['hosts'], host: string, family: Family): boolean {
  if (!hosts || !Object.hasOwn(hosts, host)) return false;
  return !hosts[host]?.some((address) => familyOf(address) === family);
}
