/** What a host has to do as a member of gateways. */
import { type Subnet, familyOf } from '../address/cidr.ts';
import type { IndexedSpec, Membership, NamedNetwork } from './indexed-spec.ts';
import type { MemberGateway, ServedSubnet } from './role.ts';

export function memberGateways(spec: IndexedSpec, host: string): MemberGateway[] {
  const memberships = spec.membershipsAt.get(host) ?? [];
  const here = new Set(memberships.map(({ name }) => name));
  return memberships.map((membership) => {
    const { name, member, gateway } = membership;
    const { snat, publish } = gateway.gateway;
    const served = servedSubnets(spec, membership, here);
    return { name, uplink: member.uplink, snat, ...(publish ? { publish } : {}), served };
  });
}

/** @param here all gateways that this host is a member of */
function servedSubnets(
  { hosts }: IndexedSpec,
  { name: gateway, gateway: { users } }: Membership,
  here: ReadonlySet<string>,
): ServedSubnet[] {
  return users.flatMap((user) =>
    Object.entries(user.network.subnets).flatMap(([node, list]) =>
      list.flatMap((subnet) => {
        const family = familyOf(subnet);
        const nodeAddress = hosts[node]?.find((address) => familyOf(address) === family);
        const blocked = user.network.blocked.includes(family);
        if (nodeAddress === undefined || blocked || !takes(user, gateway, subnet)) return [];
        return [{ network: user.name, node, subnet, nodeAddress, ...partOf(user, gateway, here, subnet) }];
      }),
    ),
  );
}

/** Whether a gateway gets any packet of a subnet: a route may be of the other family. */
function takes({ network, ranked }: NamedNetwork, gateway: string, subnet: Subnet): boolean {
  return network.via === gateway || ranked(familyOf(subnet)).some(({ via }) => via === gateway);
}

/** Which packets: the node has decided, unless they come to one host for several gateways. */
function partOf(
  { network, exits, ranked }: NamedNetwork,
  gateway: string,
  here: ReadonlySet<string>,
  subnet: Subnet,
): Pick<ServedSubnet, 'routes' | 'onlyRoutes'> {
  if (exits.filter((exit) => here.has(exit)).length < 2) return {};
  return {
    routes: ranked(familyOf(subnet)).filter(({ via }) => via === gateway),
    ...(network.via === gateway ? {} : { onlyRoutes: true }),
  };
}
