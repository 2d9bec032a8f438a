/** Sends real packets from redirected networks, and reports what the world sees of them. */
import { type Family, type Subnet, contains, familyOf, parseSubnet } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../topology/role.ts';
import type { LiveHost } from './live-host.ts';
import type { Check, Subject, VerifyReport } from './report.ts';
import { type Target, unansweredTarget } from './target.ts';
import { subjectOfServed, verifyServed } from './verify-member.ts';
import { type Aim, subjectOf, verifyNetwork } from './verify-network.ts';

export interface VerifyInput {
  readonly role: HostRole;
  readonly facts: Facts;
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
  const { role, facts } = input;
  const { networks, gateways } = chosen(input);
  const tasks = [
    ...networks.flatMap((network) =>
      subnetsOf(network, facts).map((subnet) => ({
        about: subjectOf(network, familyOf(subnet)),
        closed: network.blocked.includes(familyOf(subnet)),
        verify: (aim: Aim) => verifyNetwork(host, facts, network, subnet, aim),
      })),
    ),
    ...gateways.flatMap((gateway) =>
      gateway.served.map((served) => ({
        about: subjectOfServed(gateway, served),
        closed: false,
        verify: (aim: Aim) => verifyServed(host, facts, gateway, served, aim),
      })),
    ),
  ].map((task) => ({ ...task, aim: aimOfTask(input, task) }));
  const checks: Check[] = [];
  for (const [index, task] of tasks.entries()) {
    const part = { name: 'probe', number: index + 1, of: tasks.length };
    host.progress?.({ what: `verifying ${task.about.subject}`, part });
    checks.push(...(await attempt(task)));
  }
  return { host: role.host, checks };
}

/** Those of the file, and where it blocks a family without one, the engine's. */
export function subnetsOf({ name, subnets, blocked }: NodeNetwork, facts: Facts): readonly Subnet[] {
  const awaited = blocked.filter((family) => !subnets.some((subnet) => familyOf(subnet) === family));
  const ofEngine = facts.networks.find((network) => network.name === name)?.subnets ?? [];
  return [...subnets, ...ofEngine.filter((subnet) => awaited.includes(familyOf(subnet)))];
}

/** What goes nowhere is tried whatever the targets are. */
function aimOfTask(input: VerifyInput, { about: { family }, closed }: Pick<Task, 'about' | 'closed'>): Aim {
  const aim = aimOf(input, family);
  return closed && aim.targets.length === 0 ? aimOf({ ...input, targets: [] }, family) : aim;
}

interface Task {
  readonly about: Subject;
  /** whether nothing of it may leave */
  readonly closed: boolean;
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
export function chosen({ role, networks: names }: VerifyInput): Pick<HostRole, 'networks' | 'gateways'> {
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
export function aimOf({ role, facts, targets }: VerifyInput, family: Family): Aim {
  const redirected = redirectedSubnets(role);
  const inside = targets.find(({ address }) => redirected.some((subnet) => contains(subnet, address)));
  if (inside) {
    throw new MustredirectError('usage', `--to ${inside.address}: lies in a redirected network itself`, {
      hint: 'give an address outside: that is where a gateway leads to',
    });
  }
  if (targets.length > 0) {
    return { targets: targets.filter(({ address }) => familyOf(address) === family), answered: true };
  }
  const direct = role.networks.flatMap((network) => [...network.direct, ...destinationsOf(network, family)]);
  const target = unansweredTarget([...redirected, ...direct, ...linkSubnets(facts)], family);
  if (target) return { targets: [target], answered: false };
  throw new MustredirectError('usage', `no IPv${family} address is known that nobody answers`, {
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
