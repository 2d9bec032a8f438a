/**
 * Finds containers in a redirected network and in another one. The engine chooses which of them the default route uses.
 * By the other network, packets leave with a source address that is not redirected. By the redirected one, replies from
 * the container's address in the other network have a source that is foreign to the bridge, and are dropped.
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
import type { ContainerNamespace } from './container-namespaces.ts';

/** Documentation addresses, which only a default route leads to. */
const documentationAddress: Readonly<Record<Family, Address>> = { 4: '192.0.2.1', 6: '3fff::1' };

/**
 * Reads routes inside the running containers.
 * @param namespaces result of `findContainerNamespaces`
 */
export async function findOtherDefaultRoutes(
  { host, role }: Pick<Target, 'host' | 'role'>,
  namespaces: readonly ContainerNamespace[],
): Promise<Finding[]> {
  const findings = namespaces.flatMap(memberOf).map((member) => checkMember(host, member, role.networks));
  return (await Promise.all(findings)).flat();
}

/** Network namespace that may be in several networks. */
interface NetworkMember {
  readonly pid: number;
  readonly engine: EngineName;
  /** for messages: `container web` */
  readonly name: string;
  /** for messages: `it is in web and lan` */
  readonly where: string;
  /** redirected networks that it is in, separated by commas */
  readonly redirected: string;
}

/** Engines that name the first process also list all networks; otherwise the container's addresses decide. */
function memberOf({ networks, engine, containers, processes }: ContainerNamespace): NetworkMember[] {
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

async function checkMember(
  host: Host,
  member: NetworkMember,
  networks: readonly NodeNetwork[],
): Promise<Finding[]> {
  const inside = execInside(host.exec, (argv) => inNetwork(member.pid, argv));
  // The process may have ended: then there are no links.
  const links = await readLinks(inside).catch((): readonly Link[] => []);
  const networksInside = new Set(links.flatMap(addressesOf).map((address) => networkOf(networks, address)));
  if (networksInside.size <= 1 && !networksInside.has(undefined)) return [];
  return [
    ...(await otherDefaultRoutes(inside, member, networks)),
    ...(await droppedReplies(inside, member, links, networks)),
  ];
}

function addressesOf({ name, addresses }: Link): Address[] {
  if (name === 'lo') return [];
  return addresses.map((prefix) => prefix.split('/')[0] ?? '').filter((address) => !isLinkLocal(address));
}

/** Redirected network that contains an address. */
function networkOf(networks: readonly NodeNetwork[], address: Address): string | undefined {
  return networks.find(({ subnets }) => subnets.some((subnet) => contains(subnet, address)))?.name;
}

async function otherDefaultRoutes(
  inside: Exec,
  member: NetworkMember,
  networks: readonly NodeNetwork[],
): Promise<Finding[]> {
  const routes = await Promise.all(families.map((family) => getRoute(inside, documentationAddress[family])));
  return routes
    .flatMap((route) => route?.prefsrc ?? [])
    .filter((source) => !isLinkLocal(source) && networkOf(networks, source) === undefined)
    .map((source) => otherDefaultRoute(member, source));
}

function otherDefaultRoute({ name, where, redirected }: NetworkMember, source: Address): Finding {
  return {
    problem: `${name}: ${where}, and its default route uses source address ${source}, which is not redirected`,
    remedy: `the engine chose that route: connect the container to ${redirected} only, or add its other network to the file`,
  };
}

/** Reads the route for each address, since routes inside may depend on the source. */
async function droppedReplies(
  inside: Exec,
  member: NetworkMember,
  links: readonly Link[],
  networks: readonly NodeNetwork[],
): Promise<Finding[]> {
  const findings = links.flatMap((link) =>
    addressesOf(link).map(async (address): Promise<Finding[]> => {
      const device = (await getRoute(inside, documentationAddress[familyOf(address)], address))?.dev;
      const leaving = links.find(({ name }) => name === device);
      if (!leaving || leaving === link) return [];
      const by = addressesOf(leaving).flatMap((own) => networkOf(networks, own) ?? [])[0];
      return by === undefined || by === networkOf(networks, address)
        ? []
        : [droppedReply(member, address, by)];
    }),
  );
  return (await Promise.all(findings)).flat();
}

function droppedReply({ name, where, engine }: NetworkMember, address: Address, by: string): Finding {
  return {
    problem: `${name}: ${where}, and its default route goes through ${by}: its replies from ${address} are dropped there, because that address is not in ${by}`,
    remedy: `publish its ports in ${by}, and connect it to ${by} only; or give it a default route through the network of ${address}, if its traffic may leave there${defaultRouteOption(engine)}`,
  };
}

function defaultRouteOption(engine: EngineName): string {
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
