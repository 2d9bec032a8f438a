/** Sends real packets from redirected networks, and reports what the world sees of them. */
import { type Family, type Subnet, contains, familyOf, parseSubnet } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import type { NotReady } from '../desired/redirect.ts';
import type { Facts } from '../state/facts.ts';
import { notReadyOf, notReadyText } from '../plan/not-ready.ts';
import { otherSubnets } from '../desired/engines/own-subnets.ts';
import type { HostRole, MemberGateway, NodeNetwork, ServedSubnet } from '../topology/role.ts';
import type { LiveHost } from './live-host.ts';
import type { Check, Subject, VerifyReport } from './report.ts';
import { type Target, unansweredTarget } from './target.ts';
import { subjectOfServed, verifyServed } from './verify-member.ts';
import { type Aim, subjectOf, verifyNetwork } from './verify-network.ts';

export interface VerifyInput {
  readonly role: HostRole;
  readonly facts: Facts;
  /** what is closed until it is as the file says */
  readonly notReady: readonly NotReady[];
  /** names of networks; all of them when absent */
  readonly networks?: readonly string[];
  /** none: an address that nobody answers */
  readonly targets: readonly Target[];
}

/**
 * One network after the other, and each of its families. What cannot be tried because of the host's state is a failed check; what the
 * user must change first (a tool, a name, a target) is thrown.
 */
export async function verifyHost(host: LiveHost, input: VerifyInput): Promise<VerifyReport> {
  const { role, facts, notReady } = input;
  const { networks, gateways } = chosen(input);
  const tasks = [
    ...networks.flatMap((network) =>
      subnetsOf(network, facts).map((subnet) => ({
        about: subjectOf(network, familyOf(subnet)),
        closed: closedReason(network, familyOf(subnet), notReady),
        verify: (aim: Aim) => verifyNetwork(host, facts, network, subnet, aim),
      })),
    ),
    ...gateways.flatMap((gateway) =>
      gateway.served
        .filter((served) => !isClosed(gateway, served, notReady))
        .map((served) => ({
          about: subjectOfServed(gateway, served),
          verify: (aim: Aim) => verifyServed(host, facts, gateway, served, aim),
        })),
    ),
  ].map((task) => ({ ...task, aim: aimOfTask(input, task) }));
  const checks: Check[] = notReadyChecks(notReady, { networks, gateways });
  for (const [index, task] of tasks.entries()) {
    const part = { name: 'probe', number: index + 1, of: tasks.length };
    host.progress?.({ what: `verifying ${task.about.subject}`, part });
    checks.push(...(await attempt(task)));
  }
  return { host: role.host, checks };
}

/**
 * Those of the file, and where it blocks a family without one, the engine's. Of a network that was made anew with others,
 * those: its containers are there.
 */
export function subnetsOf(network: NodeNetwork, facts: Facts): readonly Subnet[] {
  const { name, subnets, blocked } = network;
  const found = facts.networks.find((one) => one.name === name);
  // No packet of it passes this host.
  if (found?.unfit && found.bridge === undefined) return [];
  const others = otherSubnets(network, facts);
  const awaited = blocked.filter((family) => !subnets.some((subnet) => familyOf(subnet) === family));
  return [
    ...subnets.filter((subnet) => !others.some(({ family }) => family === familyOf(subnet))),
    ...others.flatMap((other) => other.subnets),
    ...(found?.subnets ?? []).filter((subnet) => awaited.includes(familyOf(subnet))),
  ];
}

function closedReason(
  { name, blocked }: NodeNetwork,
  family: Family,
  notReady: readonly NotReady[],
): string | undefined {
  if (blocked.includes(family)) return `the file blocks IPv${family}`;
  const [first] = notReadyOf(notReady, `network ${name}`, family);
  return first && 'it is closed until it is ready';
}

function isClosed(
  { name }: MemberGateway,
  { network, node, subnet }: ServedSubnet,
  notReady: readonly NotReady[],
): boolean {
  const names = [`gateway ${name}`, `network ${network} on ${node}`];
  return names.some((what) => notReadyOf(notReady, what, familyOf(subnet)).length > 0);
}

/** What is closed although the file would have it leave is not as it should be. */
function notReadyChecks(
  notReady: readonly NotReady[],
  { networks, gateways }: Pick<HostRole, 'networks' | 'gateways'>,
): Check[] {
  const served = gateways.flatMap((gateway) => gateway.served);
  const exits = networks.flatMap(({ gateway, routes }) => [gateway, ...Object.keys(routes?.nextHops ?? {})]);
  const here = gateways.flatMap((gateway) => (gateway.served.length > 0 ? gateway.name : []));
  const subjects = new Set([
    ...networks.map(({ name }) => `network ${name}`),
    ...served.map(({ network, node }) => `network ${network} on ${node}`),
    ...[...exits, ...here].map((name) => `gateway ${name}`),
  ]);
  return notReady
    .filter(({ what }) => subjects.has(what.replace(/^published ports of /, '')))
    .map((one) => ({
      subject: one.family === undefined ? one.what : `${one.what}, IPv${one.family}`,
      family: one.family ?? 4,
      check: 'ready',
      ok: false,
      evidence: `${notReadyText(one)}; ${one.hint}`,
    }));
}

/** What goes nowhere is tried whatever the targets are. */
function aimOfTask(input: VerifyInput, { about: { family }, closed }: Pick<Task, 'about' | 'closed'>): Aim {
  if (closed === undefined) return aimOf(input, family);
  const aim = aimOf(input, family);
  return { ...(aim.targets.length === 0 ? aimOf({ ...input, targets: [] }, family) : aim), closed };
}

interface Task {
  readonly about: Subject;
  /** why nothing of it may leave */
  readonly closed?: string | undefined;
  readonly aim: Aim;
  readonly verify: (aim: Aim) => Promise<Check[]>;
}

async function attempt({ about, aim, verify }: Task): Promise<Check[]> {
  if (aim.targets.length === 0) {
    const evidence = `none of the targets has an IPv${about.family} address: give one more with --to`;
    return [{ ...about, check: 'path', ok: 'not-checked', evidence }];
  }
  try {
    return await verify(aim);
  } catch (error) {
    if (!(error instanceof MustredirectError && error.code === 'failed')) throw error;
    const evidence = error.hint ? `${error.message}; ${error.hint}` : error.message;
    return [{ ...about, check: 'path', ok: false, evidence }];
  }
}

/** What of the host's role the names mean. */
export function chosen({
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

/** The targets asked for that are of a family, or one that nobody answers. */
export function aimOf(
  { role, facts, targets }: Pick<VerifyInput, 'role' | 'facts' | 'targets'>,
  family: Family,
): Aim {
  const redirected = redirectedSubnets(role);
  const inside = targets.find(({ address }) => redirected.some((subnet) => contains(subnet, address)));
  if (inside) {
    throw new MustredirectError('usage', `--to ${inside.address}: lies in a redirected network itself`, {
      hint: 'give an address outside the redirected networks',
    });
  }
  if (targets.length > 0) {
    return { targets: targets.filter(({ address }) => familyOf(address) === family), answered: true };
  }
  const direct = role.networks.flatMap((network) => [...network.direct, ...destinationsOf(network, family)]);
  const target = unansweredTarget([...redirected, ...direct, ...linkSubnets(facts)], family);
  if (target) return { targets: [target], answered: false };
  throw new MustredirectError('usage', `no IPv${family} address without a host is known to send to`, {
    hint: 'give a target: --to ADDRESS[:PORT]',
  });
}

/** What routes of a network name; of those about every destination, any target is as good. */
function destinationsOf({ routes }: NodeNetwork, family: Family): Subnet[] {
  return routes?.selectors[family].flatMap(({ to }) => to ?? []) ?? [];
}

function redirectedSubnets({ networks, gateways }: HostRole): Subnet[] {
  const served = gateways.flatMap((gateway) => gateway.served.map(({ subnet }) => subnet));
  return [...networks.flatMap(({ subnets }) => subnets), ...served];
}

/** `192.0.2.2/24` of a link is the subnet 192.0.2.0/24. */
function linkSubnets(facts: Facts): Subnet[] {
  return facts.links
    .flatMap(({ addresses }) => addresses.map(parseSubnet))
    .map((parsed) => (typeof parsed === 'string' ? parsed : parsed.kind === 'host-bits' ? parsed.subnet : ''))
    .filter((subnet) => subnet !== '');
}
