/**
 * Links by which published ports are out of reach, because the kernel filters strictly there. It looks where an answer of
 * the container would go, which is to the gateway, and drops a packet that comes in by another link. It asks as if the
 * answer came from the bridge, so that no rule of ours can tell the two apart. IPv6 has no such filter.
 */
import { contains, familyOf, subnetAround } from '../address/cidr.ts';
import type { Prepared, Target } from '../inspect/prepare.ts';
import { linkTowards } from '../desired/routing/neighbours.ts';
import type { Desired } from '../desired/desired.ts';
import { readDnatTargets } from '../host/iptables/dnat-targets.ts';
import type { Files, Host } from '../host/ports.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { Rule } from '../kinds/rule/schema.ts';
import { isSteering } from '../kinds/rule/order.ts';
import { publishedSet } from '../kinds/nft-table/set-name.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Finding } from './doctor.ts';

export async function findStrictLinks(
  { host, role }: Pick<Target, 'host' | 'role'>,
  { facts, desired }: Pick<Prepared, 'facts'> & { readonly desired: Pick<Desired, 'wanted'> },
): Promise<Finding[]> {
  // A mark steers: without one, the question comes by where main would send the answer.
  if (desired.wanted.some(({ object }) => object.kind === 'rule' && object.family === 4 && isByMark(object)))
    return [];
  const callers = role.networks
    .filter((network) => publishes(network, facts))
    .map(async (network) => {
      const links = await strictOf(host.files, otherLinks(network, facts));
      return links.map(({ name }) => noCallers(network, name));
    });
  const bridges = await strictOf(host.files, publishedBridges(desired.wanted, facts));
  return [
    ...(await Promise.all(callers)).flat(),
    ...(await reachedByPorts(host, facts, bridges)).map(noAnswers),
  ];
}

async function strictOf(files: Files, links: readonly Link[]): Promise<readonly Link[]> {
  const strict = await Promise.all(links.map(({ name }) => isStrict(files, name)));
  return links.filter((_, i) => strict[i]);
}

/** Bridges of networks that are not redirected, whose published ports redirected containers may ask for. */
function publishedBridges(wanted: Desired['wanted'], { links }: Facts): readonly Link[] {
  const published = wanted.flatMap(({ object }) =>
    object.kind === 'nft-set' && object.name === publishedSet(4) ? object.elements : [],
  );
  return links.filter(
    ({ type, addresses }) => type === 'bridge' && addresses.some((one) => isIn(published, one)),
  );
}

/** Those of the bridges that a published port leads to. */
async function reachedByPorts(
  { exec, files }: Pick<Host, 'exec' | 'files'>,
  { foreignChains }: Facts,
  bridges: readonly Link[],
): Promise<readonly Link[]> {
  if (bridges.length === 0) return [];
  const targets = await readDnatTargets({ exec, files }, foreignChains);
  return bridges.filter(({ addresses }) => {
    const subnets = addresses.map(subnetAround);
    return targets.some((target) => isIn(subnets, target));
  });
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

function noAnswers({ name }: Link): Finding {
  return {
    problem: `redirected containers reach no published port of the containers on ${name}, because rp_filter is 1 (strict) there: replies are dropped`,
    remedy: `\`sysctl -w net/ipv4/conf/${name}/rp_filter=2\` lets them through, and loosens that bridge alone`,
  };
}

function noCallers({ name }: NodeNetwork, device: string): Finding {
  return {
    problem: `network ${name}: published ports cannot be reached through ${device}, because rp_filter is 1 (strict) there`,
    remedy: `\`sysctl -w net/ipv4/conf/${device}/rp_filter=2\` lets them in, and loosens that link alone`,
  };
}
