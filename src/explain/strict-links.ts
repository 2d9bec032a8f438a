/**
 * Links by which published ports cannot be reached because of the strict reverse path filter. The kernel looks up the
 * route of the container's reply, which leads to the gateway, and drops a packet that came in by another link. The
 * lookup uses the bridge as incoming device, so our rules cannot make an exception. IPv6 has no such filter.
 */
import { contains, familyOf, withoutHostBits } from '../address/cidr.ts';
import type { Prepared, Target } from '../inspect/prepare.ts';
import { linkTowards } from '../desired/routing/neighbours.ts';
import type { Desired } from '../desired/desired.ts';
import { readDnatTargets } from '../host/iptables/dnat-targets.ts';
import type { Files, Host } from '../host/ports.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { Rule } from '../kinds/rule/schema.ts';
import { preferences } from '../kinds/ownership.ts';
import { publishedSet } from '../kinds/nft-table/set-name.ts';
import { withVerdicts } from '../topology/verdicts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Finding } from './doctor.ts';

export async function findStrictLinks(
  { host, role }: Pick<Target, 'host' | 'role'>,
  { facts, desired }: Pick<Prepared, 'facts'> & { readonly desired: Pick<Desired, 'wanted'> },
): Promise<Finding[]> {
  // With steering by fwmark, the lookup has no fwmark and uses main, so the filter passes.
  if (desired.wanted.some(({ object }) => object.kind === 'rule' && steersByFwmark(object))) return [];
  const unreachable = withVerdicts(role, facts)
    .networks.filter((network) => publishes(network, facts))
    .map(async (network) => {
      const links = await withStrictFilter(host.files, otherLinks(network, facts));
      return links.map(({ name }) => unreachablePorts(network, name));
    });
  const bridges = await withStrictFilter(host.files, publishedBridges(desired.wanted, facts));
  return [
    ...(await Promise.all(unreachable)).flat(),
    ...(await withPublishedPorts(host, facts, bridges)).map(droppedReplies),
  ];
}

async function withStrictFilter(files: Files, links: readonly Link[]): Promise<readonly Link[]> {
  const strict = await Promise.all(links.map(({ name }) => isStrict(files, name)));
  return links.filter((_, i) => strict[i]);
}

/** Bridges of other networks, whose published ports redirected containers may connect to. */
function publishedBridges(wanted: Desired['wanted'], { links }: Facts): readonly Link[] {
  const published = wanted.flatMap(({ object }) =>
    object.kind === 'nft-set' && object.name === publishedSet(4) ? object.elements : [],
  );
  return links.filter(
    ({ type, addresses }) => type === 'bridge' && addresses.some((one) => isIn(published, one)),
  );
}

/** Bridges that a published port leads to. */
async function withPublishedPorts(
  { exec, files }: Pick<Host, 'exec' | 'files'>,
  { foreignChains }: Facts,
  bridges: readonly Link[],
): Promise<readonly Link[]> {
  if (bridges.length === 0) return [];
  const targets = await readDnatTargets({ exec, files }, foreignChains);
  return bridges.filter(({ addresses }) => {
    const subnets = addresses.map(withoutHostBits);
    return targets.some((target) => isIn(subnets, target));
  });
}

function steersByFwmark(rule: Rule): boolean {
  // Rules by source match packets whose bit is not set.
  return (
    rule.family === 4 &&
    rule.preference === preferences.steer &&
    rule.fwmark !== undefined &&
    rule.fwmark.value !== 0
  );
}

function publishes({ engine, name }: NodeNetwork, { networks }: Facts): boolean {
  return networks.some(
    (found) =>
      found.engine === engine &&
      found.name === name &&
      found.attached.some((container) => container.running && container.publishes),
  );
}

/** Links by which packets from outside may come in, except the gateway's own. */
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
      // Other bridges usually belong to container networks.
      (type !== 'bridge' || defaultHops.some(({ device }) => device === name)) &&
      addresses.some((address) => familyOf(address) === 4 && !isIn(subnets, address)),
  );
}

function isIn(subnets: readonly string[], address: string): boolean {
  return subnets.some((subnet) => contains(subnet, address.split('/')[0] ?? ''));
}

/** The kernel uses the larger of both settings: 1 is strict, 2 is loose. */
async function isStrict(files: Files, device: string): Promise<boolean> {
  const values = await Promise.all(
    ['all', device].map((name) => files.read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)),
  );
  return Math.max(...values.map((value) => Number(value ?? 0))) === 1;
}

function droppedReplies({ name }: Link): Finding {
  return {
    problem: `redirected containers reach no published port of the containers on ${name}, because rp_filter is 1 (strict) there: replies are dropped`,
    remedy: `\`sysctl -w net/ipv4/conf/${name}/rp_filter=2\` lets them through, and loosens that bridge alone`,
  };
}

function unreachablePorts({ name }: NodeNetwork, device: string): Finding {
  return {
    problem: `network ${name}: published ports cannot be reached through ${device}, because rp_filter is 1 (strict) there`,
    remedy: `\`sysctl -w net/ipv4/conf/${device}/rp_filter=2\` lets them in, and loosens that link alone`,
  };
}
