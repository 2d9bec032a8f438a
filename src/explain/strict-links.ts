/**
 * Links by which nobody reaches published ports, because the kernel filters strictly there. It looks where an answer of
 * the container would go, which is to the gateway, and drops a question that comes in by another link. It asks as if the
 * answer came from the bridge, so that no rule of ours can tell the two apart. IPv6 has no such filter.
 */
import { contains, familyOf } from '../address/cidr.ts';
import type { Prepared, Target } from '../apply/prepare.ts';
import { linkTowards } from '../desired/neighbours.ts';
import type { Desired } from '../desired/desired.ts';
import type { Files } from '../host/ports.ts';
import type { Facts, Link } from '../state/facts.ts';
import { type Rule, isSteering } from '../state/objects.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Finding } from './doctor.ts';

export async function findStrictLinks(
  { host, role }: Pick<Target, 'host' | 'role'>,
  { facts, desired }: Pick<Prepared, 'facts'> & { readonly desired: Pick<Desired, 'wanted'> },
): Promise<Finding[]> {
  // A mark steers: without one, the question comes by where main would send the answer.
  if (desired.wanted.some(({ object }) => object.kind === 'rule' && object.family === 4 && isByMark(object)))
    return [];
  const findings = role.networks
    .filter((network) => publishes(network, facts))
    .map(async (network) => {
      const links = otherLinks(network, facts);
      const strict = await Promise.all(links.map(({ name }) => isStrict(host.files, name)));
      return links.filter((_, i) => strict[i]).map(({ name }) => finding(network, name));
    });
  return (await Promise.all(findings)).flat();
}

function isByMark(rule: Rule): boolean {
  // Rules by source ask for a bit that is not set.
  return isSteering(rule) && rule.fwmark !== undefined && rule.fwmark.value !== 0;
}

function publishes({ engine, name }: NodeNetwork, { networks }: Facts): boolean {
  return networks.some(
    (found) =>
      found.engine === engine &&
      found.name === name &&
      found.attached.some((container) => container.running && container.publishes),
  );
}

/** By which somebody from outside may come in, but for the gateway's own. */
function otherLinks({ nextHops, subnets }: NodeNetwork, facts: Facts): readonly Link[] {
  const { links, defaultHops } = facts;
  const via = nextHops.find((hop) => familyOf(hop) === 4);
  if (via === undefined) return [];
  const gateway = linkTowards(via, facts, subnets);
  return links.filter(
    ({ name, type, down, addresses }) =>
      name !== 'lo' &&
      name !== gateway?.name &&
      !down &&
      // A bridge is most often that of another container network.
      (type !== 'bridge' || defaultHops.some(({ device }) => device === name)) &&
      addresses.some((address) => familyOf(address) === 4 && !isIn(subnets, address)),
  );
}

function isIn(subnets: readonly string[], address: string): boolean {
  return subnets.some((subnet) => contains(subnet, address.split('/')[0] ?? ''));
}

/** The kernel takes the larger one of both settings: 1 is strict, 2 is loose. */
async function isStrict(files: Files, device: string): Promise<boolean> {
  const values = await Promise.all(
    ['all', device].map((name) => files.read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)),
  );
  return Math.max(...values.map((value) => Number(value ?? 0))) === 1;
}

function finding({ name }: NodeNetwork, device: string): Finding {
  return {
    problem: `network ${name}: nobody who comes in by ${device} reaches a published port, because rp_filter is 1 (strict) there`,
    remedy: `\`sysctl -w net/ipv4/conf/${device}/rp_filter=2\` lets them in, and loosens that link alone`,
  };
}
