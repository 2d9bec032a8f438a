/** Gateways of which a node uses one member at a time, and the member that it uses. */
import { type Address, familyOf } from '../address/cidr.ts';
import type { GatewayVerdict, Verdicts } from '../health/verdict.ts';
import { failoverDefaults } from '../health/policy.ts';
import type { IndexedSpec } from './indexed-spec.ts';
import type { FailoverGateway, HostRole, NodeNetwork } from './role.ts';

/** Gateways with `check`: the others use their first member, or the one that a routing daemon chooses. */
export function failoverGateways(
  { networksAt, gateways, hosts }: IndexedSpec,
  node: string,
): FailoverGateway[] {
  const networks = networksAt.get(node) ?? [];
  const names = [...new Set(networks.flatMap(({ gatewayNames }) => gatewayNames))];
  return names.flatMap((name) => {
    const { gateway } = gateways.get(name) ?? {};
    const leaveDirectly = networks
      .filter(({ network }) => network.via === name && network.whenDown === 'direct')
      .map((network) => network.name);
    if (!gateway?.check || (gateway.members.length < 2 && leaveDirectly.length === 0)) return [];
    const { targets = [], ...check } = { ...failoverDefaults.check, ...gateway.check };
    return [
      {
        name,
        members: gateway.members.map(({ host }) => ({ host, addresses: hosts[host] ?? [] })),
        targets,
        policy: { ...check, failback: gateway.failback ?? failoverDefaults.failback },
        ...(leaveDirectly.length > 0 ? { leaveDirectly } : {}),
      },
    ];
  });
}

/** The role with the members that the verdicts name in front. */
export function withUsedMembers(role: HostRole, verdicts: Verdicts = {}): HostRole {
  const firsts = new Map(
    (role.failover ?? []).flatMap((gateway) => {
      const verdict = Object.hasOwn(verdicts, gateway.name) ? verdicts[gateway.name] : undefined;
      return verdict && judges(verdict, gateway)
        ? [[gateway.name, usedAddresses(gateway, verdict)] as const]
        : [];
    }),
  );
  if (firsts.size === 0) return role;
  const ordered = (gateway: string, addresses: readonly Address[]): readonly Address[] =>
    inFront(firsts.get(gateway) ?? [], addresses);
  return { ...role, networks: role.networks.map((network) => withOrder(network, ordered)) };
}

/** Whether a verdict is about the members of the file. */
export function judges({ members }: GatewayVerdict, gateway: FailoverGateway): boolean {
  return (
    members.length === gateway.members.length &&
    gateway.members.every(({ host }, position) => members[position] === host)
  );
}

function usedAddresses({ members }: FailoverGateway, { used }: GatewayVerdict): Address[] {
  return members.flatMap(({ host, addresses }) =>
    addresses.filter((address) => used[familyOf(address)]?.host === host),
  );
}

function withOrder(
  network: NodeNetwork,
  ordered: (gateway: string, addresses: readonly Address[]) => readonly Address[],
): NodeNetwork {
  const { gateway, nextHops, routes, nameServers, asksGateway } = network;
  return {
    ...network,
    nextHops: ordered(gateway, nextHops),
    // Only one member is asked for names: the one that is used.
    ...(asksGateway && nameServers ? { nameServers: firstOfEach(ordered(gateway, nextHops)) } : {}),
    ...(routes
      ? {
          routes: {
            ...routes,
            nextHops: Object.fromEntries(
              Object.entries(routes.nextHops).map(([name, hops]) => [name, ordered(name, hops)]),
            ),
          },
        }
      : {}),
  };
}

function inFront(first: readonly Address[], addresses: readonly Address[]): readonly Address[] {
  return [...first, ...addresses.filter((address) => !first.includes(address))];
}

function firstOfEach(addresses: readonly Address[]): Address[] {
  return addresses.filter(
    (address, position) => addresses.findIndex((other) => familyOf(other) === familyOf(address)) === position,
  );
}
