/** The probes that a node should send: through each member of its gateways, to each target. Pure. */
import { type Address, type Family, contains, familyOf } from '../../address/cidr.ts';
import { addressOf } from '../../desired/addresses.ts';
import { questionSize } from '../../desired/nft/drained.ts';
import type { Desired } from '../../desired/desired.ts';
import { familiesOf, probeMark } from '../../desired/routing/probe-paths.ts';
import type { Facts } from '../../state/facts.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';

export interface Probe {
  readonly gateway: string;
  readonly family: Family;
  /** host of the member */
  readonly member: string;
  /** the member's addresses, of the family */
  readonly addresses: readonly Address[];
  readonly target: Address;
  /** asks the member itself whether it is drained; absent: judges the way through it */
  readonly question?: true;
  /** milliseconds */
  readonly interval: number;
  readonly argv: readonly string[];
}

export interface ProbeInput {
  readonly role: HostRole;
  readonly facts: Pick<Facts, 'links'>;
  readonly desired: Pick<Desired, 'numbers' | 'bridges'>;
}

/** A gateway none of whose networks has a bridge at the moment is not probed: no container could send anything. */
export function wantedProbes(input: ProbeInput): Probe[] {
  const { role } = input;
  return (role.failover ?? []).flatMap((gateway) =>
    familiesOf(role, gateway).flatMap((family) => probesOf(gateway, family, input)),
  );
}

function probesOf(gateway: FailoverGateway, family: Family, input: ProbeInput): Probe[] {
  const { name, members, targets, policy } = gateway;
  const source = sourceOf(gateway, family, input);
  if (source === undefined) return [];
  const ofFamily = (addresses: readonly Address[]): Address[] =>
    addresses.filter((address) => familyOf(address) === family);
  return members.flatMap(({ host, addresses }) => {
    const mark = probeMark(host, input.desired.numbers);
    const own = ofFamily(addresses);
    if (mark === undefined || own.length === 0) return [];
    const beyond = ofFamily(targets);
    return (beyond.length > 0 ? beyond : own).map((target) => ({
      gateway: name,
      family,
      member: host,
      addresses: own,
      target,
      interval: policy.interval,
      argv: pingOf({ mark, source, target, interval: policy.interval }),
    }));
  });
}

/** milliseconds between two questions, at most */
const askEvery = 1000;

/**
 * Questions to the members themselves, from the address that they know this node by. They need no bridge: a member is
 * told which nodes have heard it, also of those that have nothing to send at the moment.
 */
export function wantedQuestions({ role, facts }: Pick<ProbeInput, 'role' | 'facts'>): Probe[] {
  const here = new Set(facts.links.flatMap(({ addresses }) => addresses.map(addressOf)));
  const found = new Map<Address, Probe>();
  for (const gateway of role.failover ?? []) {
    for (const { host, addresses } of gateway.members) {
      for (const target of gateway.members.length > 1 ? addresses : []) {
        const family = familyOf(target);
        const source = role.addresses.find((one) => familyOf(one) === family && here.has(one));
        const interval = Math.min(askEvery, gateway.policy.interval, found.get(target)?.interval ?? askEvery);
        if (source === undefined || !familiesOf(role, gateway).includes(family)) continue;
        const argv = [
          'ping',
          '-n',
          '-O',
          '-s',
          `${questionSize}`,
          '-i',
          `${interval / 1000}`,
          '-I',
          source,
          target,
        ];
        const probe = {
          gateway: gateway.name,
          family,
          member: host,
          addresses: [target],
          target,
          interval,
          argv,
        };
        found.set(target, { ...probe, question: true });
      }
    }
  }
  return [...found.values()];
}

/** Address of this host in a subnet that the gateway serves. */
function sourceOf(
  { name }: FailoverGateway,
  family: Family,
  { role, facts, desired }: ProbeInput,
): Address | undefined {
  const users = role.networks.filter(
    ({ gateway, routes }) => gateway === name || Object.hasOwn(routes?.nextHops ?? {}, name),
  );
  return users
    .flatMap((network) => {
      const bridge = facts.links.find((link) => link.name === desired.bridges[network.name]);
      const addresses = (bridge?.addresses ?? []).map(addressOf);
      return addresses.filter((address) => network.subnets.some((subnet) => contains(subnet, address)));
    })
    .find((address) => familyOf(address) === family);
}

/** `-O` reports a probe without an answer when the next one is sent. */
function pingOf({
  mark,
  source,
  target,
  interval,
}: Pick<Probe, 'target' | 'interval'> & { readonly mark: number; readonly source: Address }): string[] {
  return ['ping', '-n', '-O', '-i', `${interval / 1000}`, '-m', `${mark}`, '-I', source, target];
}
