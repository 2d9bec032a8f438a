/**
 * Containers in a redirected network and in another one at once. Which of the two their default route leads by is the
 * engine's choice. By the other one, packets leave with an address that is not redirected. By the redirected one, answers
 * from the container's address in the other network come in by a bridge whose network they are not of, and are dropped.
 */
import { type Address, type Family, contains, families, familyOf, isLinkLocal } from '../address/cidr.ts';
import type { Target } from '../inspect/prepare.ts';
import { readLinks } from '../host/ip/links.ts';
import { getRoute } from '../host/ip/routes.ts';
import { execInside, inNetwork } from '../host/process/namespaces.ts';
import type { Exec, Host } from '../host/ports.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Link } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Finding } from './doctor.ts';
import type { Inhabited } from './inhabitants.ts';

/** Nobody's, kept for documentation: only a default route leads there. */
const outside: Readonly<Record<Family, Address>> = { 4: '192.0.2.1', 6: '3fff::1' };

/**
 * Asks the running ones themselves.
 * @param places from `findInhabited`
 */
export async function findOtherDefaults(
  { host, role }: Pick<Target, 'host' | 'role'>,
  places: readonly Inhabited[],
): Promise<Finding[]> {
  const findings = places.flatMap(candidate).map((one) => ask(host, one, role.networks));
  return (await Promise.all(findings)).flat();
}

/** A network namespace that may be in several networks. */
interface Candidate {
  readonly pid: number;
  readonly engine: EngineName;
  /** for messages: `container web` */
  readonly name: string;
  /** for messages: `it is in web and lan` */
  readonly where: string;
  /** redirected ones that it is in */
  readonly redirected: string;
}

/** An engine that tells the first process tells all networks too; others leave it to the container's addresses. */
function candidate({ networks, engine, containers, processes }: Inhabited): Candidate[] {
  const redirected = networks.join(', ');
  const [known] = containers;
  if (known) {
    const [pid, { name, networks: all }] = known;
    const where = `it is in ${(all ?? []).join(' and ')}`;
    return all ? [{ pid, engine, name: `container ${name}`, where, redirected }] : [];
  }
  const [pid] = processes;
  const where = `it is in ${networks.join(' and ')} and in another network`;
  return pid === undefined
    ? []
    : [{ pid, engine, name: `the container of process ${pid}`, where, redirected }];
}

async function ask(host: Host, one: Candidate, networks: readonly NodeNetwork[]): Promise<Finding[]> {
  const inside = execInside(host.exec, (argv) => inNetwork(one.pid, argv));
  const links = await linksInside(inside);
  const its = new Set(links.flatMap(addressesOf).map((address) => isIn(networks, address)));
  if (its.size <= 1 && !its.has(undefined)) return [];
  return [
    ...(await otherDefaults(inside, one, networks)),
    ...(await droppedAnswers(inside, one, links, networks)),
  ];
}

/** Nothing of one that has ended meanwhile. */
async function linksInside(inside: Exec): Promise<readonly Link[]> {
  return readLinks(inside).catch(() => []);
}

function addressesOf({ name, addresses }: Link): Address[] {
  if (name === 'lo') return [];
  return addresses.map((prefix) => prefix.split('/')[0] ?? '').filter((address) => !isLinkLocal(address));
}

/** The redirected network that an address is of. */
function isIn(networks: readonly NodeNetwork[], address: Address): string | undefined {
  return networks.find(({ subnets }) => subnets.some((subnet) => contains(subnet, address)))?.name;
}

async function otherDefaults(
  inside: Exec,
  one: Candidate,
  networks: readonly NodeNetwork[],
): Promise<Finding[]> {
  const routes = await Promise.all(families.map((family) => getRoute(inside, outside[family])));
  return routes
    .flatMap((route) => route?.prefsrc ?? [])
    .filter((source) => !isLinkLocal(source) && isIn(networks, source) === undefined)
    .map((source) => otherDefault(one, source));
}

function otherDefault({ name, where, redirected }: Candidate, source: Address): Finding {
  return {
    problem: `${name}: ${where}, and its default route uses source address ${source}, which is not redirected`,
    remedy: `the engine chose that route: connect the container to ${redirected} only, or add its other network to the file`,
  };
}

/** Asked for each address: routes inside may go by source. */
async function droppedAnswers(
  inside: Exec,
  one: Candidate,
  links: readonly Link[],
  networks: readonly NodeNetwork[],
): Promise<Finding[]> {
  const findings = links.flatMap((link) =>
    addressesOf(link).map(async (address): Promise<Finding[]> => {
      const device = (await getRoute(inside, outside[familyOf(address)], address))?.dev;
      const leaving = links.find(({ name }) => name === device);
      if (!leaving || leaving === link) return [];
      const by = addressesOf(leaving).flatMap((own) => isIn(networks, own) ?? [])[0];
      return by === undefined || by === isIn(networks, address) ? [] : [droppedAnswer(one, address, by)];
    }),
  );
  return (await Promise.all(findings)).flat();
}

function droppedAnswer({ name, where, engine }: Candidate, address: Address, by: string): Finding {
  return {
    problem: `${name}: ${where}, and its default route goes through ${by}: its replies from ${address} are dropped there, because that address is not in ${by}`,
    remedy: `publish its ports in ${by}, and connect it to ${by} only; or give it a default route through the network of ${address}, if its traffic may leave there${choice(engine)}`,
  };
}

function choice(engine: EngineName): string {
  switch (engine) {
    case 'podman':
      return ': with netavark, by the network with the smallest `podman network create --opt metric=`';
    case 'docker':
      return ': from docker 28 on, `--network name=NETWORK,gw-priority=1`; before, it leads by the network whose name comes first';
    case 'nerdctl':
    case 'cni':
    case 'external':
      return '';
  }
}
