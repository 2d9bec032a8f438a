/** Sends real packets from redirected networks, and reports what the world sees of them. */
import { type Subnet, contains, familyOf, parseSubnet } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { LiveHost } from './live-host.ts';
import type { Check, VerifyReport } from './report.ts';
import { type Target, unansweredTarget } from './target.ts';
import { verifyServed } from './verify-member.ts';
import { type Aim, verifyNetwork } from './verify-network.ts';

export interface VerifyInput {
  readonly role: HostRole;
  readonly facts: Facts;
  /** names of networks; all of them when absent */
  readonly networks?: readonly string[];
  /** none: an address that nobody answers */
  readonly targets: readonly Target[];
}

/**
 * One network after the other. What cannot be tried because of the host's state is a failed check; what the
 * user must change first (a tool, a name, a target) is thrown.
 */
export async function verifyHost(host: LiveHost, input: VerifyInput): Promise<VerifyReport> {
  const { role, facts } = input;
  const { networks, gateways } = chosen(input);
  const aim = aimOf(input);
  const checks: Check[] = [];
  for (const network of networks) {
    checks.push(
      ...(await attempt(`network ${network.name}`, () => verifyNetwork(host, facts, network, aim))),
    );
  }
  for (const gateway of gateways) {
    for (const served of gateway.served) {
      const subject = `gateway ${gateway.name}, ${served.subnet} of ${served.node}`;
      checks.push(...(await attempt(subject, () => verifyServed(host, facts, gateway, served, aim))));
    }
  }
  return { host: role.host, checks };
}

async function attempt(subject: string, verify: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof MustredirectError && error.code === 'failed')) throw error;
    const evidence = error.hint ? `${error.message}; ${error.hint}` : error.message;
    return [{ subject, check: 'path', ok: false, evidence }];
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

/** The targets asked for, or one that nobody answers. */
export function aimOf({ role, facts, targets }: VerifyInput): Aim {
  const redirected = redirectedSubnets(role);
  const inside = targets.find(({ address }) => redirected.some((subnet) => contains(subnet, address)));
  if (inside) {
    throw new MustredirectError('usage', `--to ${inside.address}: lies in a redirected network itself`, {
      hint: 'give an address outside: that is where a gateway leads to',
    });
  }
  if (targets.length > 0) return { targets, answered: true };
  const direct = role.networks.flatMap((network) => network.direct);
  const target = unansweredTarget([...redirected, ...direct, ...linkSubnets(facts)]);
  if (target) return { targets: [target], answered: false };
  throw new MustredirectError('usage', 'no address is known that nobody answers', {
    hint: 'give a target: --to ADDRESS[:PORT]',
  });
}

function redirectedSubnets({ networks, gateways }: HostRole): Subnet[] {
  const served = gateways.flatMap((gateway) => gateway.served.map(({ subnet }) => subnet));
  return [...networks.flatMap(({ subnets }) => subnets), ...served].filter((one) => familyOf(one) === 4);
}

/** `192.0.2.2/24` of a link is the subnet 192.0.2.0/24. */
function linkSubnets(facts: Facts): Subnet[] {
  return facts.links
    .flatMap(({ addresses }) => addresses.map(parseSubnet))
    .map((parsed) => (typeof parsed === 'string' ? parsed : parsed.kind === 'host-bits' ? parsed.subnet : ''))
    .filter((subnet) => subnet !== '');
}
