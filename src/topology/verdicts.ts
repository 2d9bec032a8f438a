/** What the agent's verdicts change in a node's role: the members in use, and networks that leave directly. */
import { type Family, families, familyOf } from '../address/cidr.ts';
import type { Outages, Verdicts } from '../health/verdict.ts';
import { judgesAll, withUsedMembers } from './failover-gateways.ts';
import type { FailoverGateway, HostRole, NodeNetwork } from './role.ts';

/** Facts of a host that decide whether a verdict is in force. */
export interface JudgedHost {
  readonly verdicts?: Verdicts;
  /** id of the running agent */
  readonly agent?: string;
  readonly ledger: { readonly leavesDirectly?: Readonly<Record<string, readonly Family[]>> };
}

export function withVerdicts(role: HostRole, host: JudgedHost): HostRole {
  const used = withUsedMembers(role, host.verdicts);
  const gateways = new Map((role.failover ?? []).map((gateway) => [gateway.name, gateway]));
  if (![...gateways.values()].some(({ leaveDirectly }) => leaveDirectly)) return used;
  return {
    ...used,
    networks: used.networks.map((network) => leaving(network, gateways.get(network.gateway), host)),
  };
}

/**
 * Families in which a network leaves directly: no member of its gateway works. Only the running agent's own verdict
 * begins it. What has begun ends with the verdict: an agent that is killed changes nothing.
 */
export function directFamilies(
  { name, whenDown }: Pick<NodeNetwork, 'name' | 'whenDown'>,
  gateway: FailoverGateway | undefined,
  { verdicts = {}, agent, ledger: { leavesDirectly = {} } }: JudgedHost,
): Outages {
  if (whenDown !== 'direct' || !gateway || !Object.hasOwn(verdicts, gateway.name)) return {};
  const verdict = verdicts[gateway.name];
  if (!verdict || !judgesAll(verdict, gateway)) return {};
  const begun = Object.hasOwn(leavesDirectly, name) ? leavesDirectly[name] : undefined;
  return Object.fromEntries(
    families.flatMap((family) => {
      const outage = verdict.outage?.[family];
      return outage && (outage.agent === agent || begun?.includes(family)) ? [[family, outage]] : [];
    }),
  );
}

function leaving(network: NodeNetwork, gateway: FailoverGateway | undefined, host: JudgedHost): NodeNetwork {
  const leavesDirectly = directFamilies(network, gateway, host);
  if (Object.keys(leavesDirectly).length === 0) return network;
  const { nameServers = [], asksGateway, ...rest } = network;
  // A name server on the gateway is as unreachable as its members: containers ask the one that they have.
  const reachable = nameServers.filter((address) => !asksGateway || !leavesDirectly[familyOf(address)]);
  return {
    ...rest,
    leavesDirectly,
    ...(asksGateway ? { asksGateway } : {}),
    ...(reachable.length > 0 ? { nameServers: reachable } : {}),
  };
}

/** Network name -> families in which it leaves directly, and why. */
export function leavingDirectly({ networks }: HostRole): Readonly<Record<string, Outages>> {
  return Object.fromEntries(
    networks.flatMap(({ name, leavesDirectly }) => (leavesDirectly ? [[name, leavesDirectly] as const] : [])),
  );
}
