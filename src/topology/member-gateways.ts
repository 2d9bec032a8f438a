/** Role of a host as a member of gateways. */
import { type Subnet, familyOf } from '../address/cidr.ts';
import type { IndexedSpec, Membership, NamedNetwork } from './indexed-spec.ts';
import type { MemberGateway, ServedSubnet } from './role.ts';

export function memberGateways(spec: IndexedSpec, host: string): MemberGateway[] {
  const memberships = spec.membershipsAt.get(host) ?? [];
  const here = new Set(memberships.map(({ name }) => name));
  return memberships.map((membership) => {
    const { name, member, gateway } = membership;
    const { snat, publish, flows, flowLog } = gateway.gateway;
    const served = [...servedSubnets(spec, membership, here), ...servedPools(spec, name)];
    return {
      name,
      uplink: member.uplink,
      snat,
      ...(flows === 'reset' || flows === 'drain' ? { resetsFlows: true } : {}),
      ...(isChosenByNodes(gateway.gateway) ? { chosenByNodes: true } : {}),
      ...(publish ? { publish } : {}),
      ...(flowLog ? { flowLog } : {}),
      served,
    };
  });
}

function isChosenByNodes({ members, check, mode, routing }: Membership['gateway']['gateway']): boolean {
  return members.length > 1 && !routing && (check !== undefined || mode === 'balance');
}

/** @param here all gateways of which this host is a member */
function servedSubnets(
  { hosts }: IndexedSpec,
  { name: gateway, gateway: { networks } }: Membership,
  here: ReadonlySet<string>,
): ServedSubnet[] {
  return networks.flatMap((named) =>
    Object.entries(named.network.subnets).flatMap(([node, list]) =>
      list.flatMap((subnet) => {
        const family = familyOf(subnet);
        const nodeAddress = hosts[node]?.find((address) => familyOf(address) === family);
        const blocked = named.network.blocked.includes(family);
        if (nodeAddress === undefined || blocked || !receives(named, gateway, subnet)) return [];
        return [
          { network: named.name, node, subnet, nodeAddress, ...routeSelection(named, gateway, here, subnet) },
        ];
      }),
    ),
  );
}

/** Name of all labelled networks of a node, which its gateways know by the pool alone. */
const poolName = 'pool';

function servedPools({ hosts, pools }: IndexedSpec, gateway: string): ServedSubnet[] {
  return pools.flatMap(({ node, subnets, gateways }) =>
    subnets.flatMap((subnet) => {
      const nodeAddress = hosts[node]?.find((address) => familyOf(address) === familyOf(subnet));
      if (nodeAddress === undefined || !gateways.includes(gateway)) return [];
      return [{ network: poolName, node, subnet, nodeAddress }];
    }),
  );
}

/** Whether a gateway receives packets from a subnet: a route may be for the other family only. */
function receives({ network, ranked }: NamedNetwork, gateway: string, subnet: Subnet): boolean {
  return network.via === gateway || ranked(familyOf(subnet)).some(({ via }) => via === gateway);
}

/**
 * Routes that select packets for this gateway; needed only if the host is a member of several gateways of the network.
 */
function routeSelection(
  { network, gatewayNames, ranked }: NamedNetwork,
  gateway: string,
  here: ReadonlySet<string>,
  subnet: Subnet,
): Pick<ServedSubnet, 'routes' | 'onlyRoutes'> {
  if (gatewayNames.filter((name) => here.has(name)).length < 2) return {};
  return {
    routes: ranked(familyOf(subnet)).filter(({ via }) => via === gateway),
    ...(network.via === gateway ? {} : { onlyRoutes: true }),
  };
}
