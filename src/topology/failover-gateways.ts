/** Gateways whose members a node chooses among, and the members that it uses. */
import { type Address, type Family, familyOf } from '../address/cidr.ts';
import type { GatewayVerdict, Verdicts } from '../health/verdict.ts';
import { failoverDefaults } from '../health/policy.ts';
import type { IndexedSpec } from './indexed-spec.ts';
import type { FailoverGateway, FailoverMember, HostRole, NodeNetwork } from './role.ts';

/**
 * Gateways with `check` or `mode: balance`: the others use their first member, or the one that a routing daemon chooses.
 */
export function failoverGateways(
  { networksAt, gateways, hosts, pools }: IndexedSpec,
  node: string,
): FailoverGateway[] {
  const networks = networksAt.get(node) ?? [];
  const pool = pools.find((one) => one.node === node);
  // Those of a pool have their numbers before a network uses them.
  const names = [
    ...new Set([...networks.flatMap(({ gatewayNames }) => gatewayNames), ...(pool?.gateways ?? [])]),
  ];
  return names.flatMap((name) => {
    const { gateway } = gateways.get(name) ?? {};
    if (!gateway) return [];
    const isSpread = gateway.mode === 'balance' && !gateway.routing && gateway.members.length > 1;
    const leaveDirectly = networks
      .filter(({ network }) => network.via === name && network.whenDown === 'direct')
      .map((network) => network.name);
    const isJudged = gateway.check && (gateway.members.length > 1 || leaveDirectly.length > 0);
    if (!isJudged && !isSpread) return [];
    const { targets = [], ...check } = { ...failoverDefaults.check, ...gateway.check };
    return [
      {
        name,
        ...(isSpread ? { balance: true } : {}),
        ...(gateway.flows === 'drain' && gateway.members.length > 1 ? { drainsFlows: true } : {}),
        members: gateway.members.map(({ host, weight }) => ({
          host,
          addresses: hosts[host] ?? [],
          ...(weight === undefined ? {} : { weight }),
        })),
        targets,
        policy: { ...check, failback: gateway.failback ?? failoverDefaults.failback },
        ...(leaveDirectly.length > 0 ? { leaveDirectly } : {}),
      },
    ];
  });
}

/** The role with the members that the verdicts name in front, and those that share the connections of each network. */
export function withUsedMembers(role: HostRole, verdicts: Verdicts = {}): HostRole {
  const used = new Map(
    (role.failover ?? []).flatMap((gateway) => {
      const addresses = usedAddresses(gateway, verdictOf(gateway, verdicts));
      return addresses.length > 0 ? [[gateway.name, { gateway, addresses }] as const] : [];
    }),
  );
  if (used.size === 0) return role;
  const ordered = (name: string, addresses: readonly Address[]): readonly Address[] =>
    inFront(used.get(name)?.addresses ?? [], addresses);
  return {
    ...role,
    networks: role.networks.map((network) => {
      const { gateway, addresses } = used.get(network.gateway) ?? {};
      return { ...withOrder(network, ordered), ...(gateway?.balance ? { sharedBy: addresses ?? [] } : {}) };
    }),
  };
}

/** Members of a gateway that get new connections, in one family. With `mode: balance`, none means all. */
export function sharingMembers(
  gateway: FailoverGateway,
  family: Family,
  verdicts: Verdicts = {},
): readonly FailoverMember[] {
  const { used, away } = verdictOf(gateway, verdicts) ?? {};
  const here = gateway.members.filter(({ addresses }) => addresses.some((one) => familyOf(one) === family));
  if (!gateway.balance) {
    const first = here.find(({ host }) => host === used?.[family]?.host) ?? here[0];
    return first ? [first] : [];
  }
  return here.filter(({ host }) => !(away?.[family] ?? []).some((one) => one.host === host));
}

/** Hosts of members that have failed, so that no connection stays with them. */
export function failedMembers(
  gateway: FailoverGateway,
  family: Family,
  verdicts: Verdicts = {},
): readonly string[] {
  return verdictOf(gateway, verdicts)?.failed?.[family] ?? [];
}

function verdictOf(gateway: FailoverGateway, verdicts: Verdicts): GatewayVerdict | undefined {
  const verdict = Object.hasOwn(verdicts, gateway.name) ? verdicts[gateway.name] : undefined;
  return verdict && judges(verdict, gateway) ? verdict : undefined;
}

/**
 * Whether a verdict is about the members of the file: those that are in both have the same order. A member that is new, or
 * gone, must not lead packets back to one that has failed or is drained.
 */
export function judges({ members }: GatewayVerdict, gateway: FailoverGateway): boolean {
  const hosts = gateway.members.map(({ host }) => host);
  const [judged, inFile] = [
    members.filter((host) => hosts.includes(host)),
    hosts.filter((host) => members.includes(host)),
  ];
  return judged.length > 0 && judged.every((host, position) => inFile[position] === host);
}

/** Whether it is about all of them: an outage of others is none of these. */
export function judgesAll(verdict: GatewayVerdict, gateway: FailoverGateway): boolean {
  const { length } = gateway.members;
  return (
    length === verdict.members.length &&
    judges(verdict, gateway) &&
    gateway.members.every(({ host }) => verdict.members.includes(host))
  );
}

function usedAddresses(
  { members, balance }: FailoverGateway,
  { used = {}, away = {} }: Partial<GatewayVerdict> = {},
): Address[] {
  const isUsed = (host: string, family: Family): boolean =>
    balance ? !(away[family] ?? []).some((one) => one.host === host) : used[family]?.host === host;
  return members.flatMap(({ host, addresses }) =>
    addresses.filter((address) => isUsed(host, familyOf(address))),
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
