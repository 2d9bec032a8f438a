/** Sends real packets from redirected networks, and reports how captures and targets see them. */
import { type Family, type Subnet, contains, familyOf, parseSubnet } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import type { NotReady } from '../desired/redirect.ts';
import type { Facts } from '../state/facts.ts';
import { differingSubnets } from '../desired/engines/own-subnets.ts';
import type { HostRole, MemberGateway, NodeNetwork } from '../topology/role.ts';
import type { LiveHost } from './live-host.ts';
import { closedReason, directChecks, isClosed, notReadyChecks } from './not-ready.ts';
import type { Check, CheckSubject, VerifyReport } from './report.ts';
import { type Target, unansweredTarget } from './target.ts';
import { verifyTunnel } from './tunnel/verify-tunnel.ts';
import { servedSubject, verifyServed } from './verify-member.ts';
import { type ProbeTargets, networkSubject, verifyNetwork } from './verify-network.ts';

export interface VerifyInput {
  readonly role: HostRole;
  readonly facts: Facts;
  /** networks and gateways that are blocked until they match the file */
  readonly notReady: readonly NotReady[];
  /** network names; absent: all networks */
  readonly networks?: readonly string[];
  /** empty: an address without a host is used */
  readonly targets: readonly Target[];
}

/**
 * Verifies one network after the other, each with its families. A probe that the host's state prevents is a failed
 * check; a problem that the user must fix first (a tool, a name, a target) is thrown.
 */
export async function verifyHost(host: LiveHost, input: VerifyInput): Promise<VerifyReport> {
  const { role, facts, notReady } = input;
  const { networks, gateways } = selectNetworks(input);
  const tasks = [
    ...networks.flatMap((network) =>
      subnetsOf(network, facts).map((subnet) => ({
        about: networkSubject(network, familyOf(subnet)),
        closed: closedReason(network, familyOf(subnet), notReady),
        verify: (to: ProbeTargets) => verifyNetwork(host, facts, network, subnet, to),
      })),
    ),
    ...gateways.flatMap((gateway) =>
      gateway.served
        .filter((served) => !isClosed(gateway, served, notReady))
        .map((served) => ({
          about: servedSubject(gateway, served),
          verify: (to: ProbeTargets) => verifyServed(host, facts, gateway, served, to),
        })),
    ),
  ].map((task) => ({ ...task, to: targetsOfTask(input, task) }));
  const checks: Check[] = [...notReadyChecks(notReady, { networks, gateways }), ...directChecks(networks)];
  for (const [index, task] of tasks.entries()) {
    const step = { name: 'probe', number: index + 1, of: tasks.length };
    host.progress?.({ what: `verifying ${task.about.subject}`, step });
    checks.push(...(await attempt(task)));
  }
  checks.push(...(await verifyTunnels(host, input, gateways)));
  return { host: role.host, checks };
}

/** Each tunnel once, although several gateways may have it as their uplink. */
async function verifyTunnels(
  host: LiveHost,
  input: VerifyInput,
  gateways: readonly MemberGateway[],
): Promise<Check[]> {
  const open = gateways.filter((gateway) =>
    gateway.served.some((served) => !isClosed(gateway, served, input.notReady)),
  );
  const checks: Check[] = [];
  for (const gateway of new Map(open.map((one) => [one.uplink.device, one])).values()) {
    host.progress?.({ what: `verifying the uplink of gateway ${gateway.name}` });
    const others = input.targets.length > 0 ? input.targets : targetsOf(input, 4).targets;
    checks.push(...(await verifyTunnel(host, gateway, others)));
  }
  return checks;
}

/**
 * Subnets to verify: those of the file, and for a blocked family without one, the engine's. If the network was
 * recreated with other subnets, those: its containers use them.
 */
export function subnetsOf(network: NodeNetwork, facts: Facts): readonly Subnet[] {
  const { name, subnets, blocked } = network;
  const found = facts.networks.find((one) => one.name === name);
  // Packets of the network bypass this host.
  if (found?.unusable && found.bridge === undefined) return [];
  const others = differingSubnets(network, facts);
  const withoutSubnet = blocked.filter((family) => !subnets.some((subnet) => familyOf(subnet) === family));
  return [
    ...subnets.filter((subnet) => !others.some(({ family }) => family === familyOf(subnet))),
    ...others.flatMap((other) => other.subnets),
    ...(found?.subnets ?? []).filter((subnet) => withoutSubnet.includes(familyOf(subnet))),
  ];
}

/** Blocked networks are probed in any case: if no requested target fits, with the default one. */
function targetsOfTask(
  input: VerifyInput,
  { about: { family }, closed }: Pick<Task, 'about' | 'closed'>,
): ProbeTargets {
  if (closed === undefined) return targetsOf(input, family);
  const to = targetsOf(input, family);
  return {
    ...(to.targets.length === 0 ? targetsOf({ ...input, targets: [] }, family) : to),
    closed,
  };
}

interface Task {
  readonly about: CheckSubject;
  /** why all packets must be blocked */
  readonly closed?: string | undefined;
  readonly to: ProbeTargets;
  readonly verify: (to: ProbeTargets) => Promise<Check[]>;
}

async function attempt({ about, to, verify }: Task): Promise<Check[]> {
  if (to.targets.length === 0) {
    const evidence = `none of the targets has an IPv${about.family} address: give one more with --to`;
    return [{ ...about, check: 'path', ok: 'not-checked', evidence }];
  }
  try {
    return await verify(to);
  } catch (error) {
    if (!(error instanceof MustredirectError && error.code === 'failed')) throw error;
    const evidence = error.hint ? `${error.message}; ${error.hint}` : error.message;
    return [{ ...about, check: 'path', ok: false, evidence }];
  }
}

/** Part of the host's role that the given names select. */
export function selectNetworks({
  role,
  networks: names,
}: Pick<VerifyInput, 'role' | 'networks'>): Pick<HostRole, 'networks' | 'gateways'> {
  const isChosen = (name: string): boolean => names === undefined || names.includes(name);
  const known = [
    ...role.networks.map(({ name }) => name),
    ...role.gateways.flatMap(({ served }) => served.map(({ network }) => network)),
  ];
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new MustredirectError('usage', `${unknown}: host ${role.host} has no such network`, {
      hint: known.length > 0 ? `it has ${[...new Set(known)].join(', ')}` : 'it has none in the file',
    });
  }
  return {
    networks: role.networks.filter(({ name }) => isChosen(name)),
    gateways: role.gateways.map((gateway) => ({
      ...gateway,
      served: gateway.served.filter(({ network }) => isChosen(network)),
    })),
  };
}

/** Requested targets of a family, or a target without a host. */
export function targetsOf(
  { role, facts, targets }: Pick<VerifyInput, 'role' | 'facts' | 'targets'>,
  family: Family,
): ProbeTargets {
  const redirected = redirectedSubnets(role);
  const inside = targets.find(({ address }) => redirected.some((subnet) => contains(subnet, address)));
  if (inside) {
    throw new MustredirectError('usage', `--to ${inside.address}: lies in a redirected network itself`, {
      hint: 'give an address outside the redirected networks',
    });
  }
  if (targets.length > 0) {
    return { targets: targets.filter(({ address }) => familyOf(address) === family), replyExpected: true };
  }
  const direct = role.networks.flatMap((network) => [...network.direct, ...destinationsOf(network, family)]);
  const target = unansweredTarget([...redirected, ...direct, ...linkSubnets(facts)], family);
  if (target) return { targets: [target], replyExpected: false };
  throw new MustredirectError('usage', `no IPv${family} address without a host is known to send to`, {
    hint: 'give a target: --to ADDRESS[:PORT]',
  });
}

/** Destinations of a network's routes; routes to any destination add none. */
function destinationsOf({ routes }: NodeNetwork, family: Family): Subnet[] {
  return routes?.selectors[family].flatMap(({ to }) => to ?? []) ?? [];
}

function redirectedSubnets({ networks, gateways }: HostRole): Subnet[] {
  const served = gateways.flatMap((gateway) => gateway.served.map(({ subnet }) => subnet));
  return [...networks.flatMap(({ subnets }) => subnets), ...served];
}

/** Subnets of links: `192.0.2.2/24` is in 192.0.2.0/24. */
function linkSubnets(facts: Facts): Subnet[] {
  return facts.links
    .flatMap(({ addresses }) => addresses.map(parseSubnet))
    .map((parsed) => (typeof parsed === 'string' ? parsed : parsed.kind === 'host-bits' ? parsed.subnet : ''))
    .filter((subnet) => subnet !== '');
}
