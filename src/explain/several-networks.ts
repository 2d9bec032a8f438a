/**
 * Containers in a redirected network and in another one at once. Which of the two their default route leads by is the
 * engine's choice, and packets that leave with an address of the other network are none of ours.
 */
import { type Address, type Family, contains, families } from '../address/cidr.ts';
import type { Prepared, Target } from '../apply/prepare.ts';
import { getRoute } from '../host/ip-routes.ts';
import { execInside, inNetwork } from '../host/namespaces.ts';
import type { Host } from '../host/ports.ts';
import type { AttachedContainer } from '../state/facts.ts';
import type { Finding } from './doctor.ts';

/** Nobody's, kept for documentation: only a default route leads there. */
const outside: Readonly<Record<Family, Address>> = { 4: '192.0.2.1', 6: '3fff::1' };

/** Asks the running ones themselves. */
export async function findOtherDefaults(
  { host, role }: Pick<Target, 'host' | 'role'>,
  { facts }: Pick<Prepared, 'facts'>,
): Promise<Finding[]> {
  const redirected = role.networks.flatMap(({ subnets }) => subnets);
  const attached = facts.networks.flatMap((network) => network.attached);
  const several = attached.filter(({ running, networks }) => running && networks);
  const once = new Map(several.map((container) => [container.pid ?? 0, container]));
  const names = role.networks.map(({ name }) => name);
  const findings = [...once].map(async ([pid, container]) => {
    const sources = await Promise.all(families.map((family) => defaultSource(host, pid, family)));
    return sources
      .filter((source) => source !== undefined)
      .filter((source) => !redirected.some((subnet) => contains(subnet, source)))
      .map((source) => finding(container, source, names));
  });
  return (await Promise.all(findings)).flat();
}

/** The address that a container leaves with; nothing without a default route. */
async function defaultSource(host: Host, pid: number, family: Family): Promise<Address | undefined> {
  if (pid === 0) return undefined;
  const inside = execInside(host.exec, (argv) => inNetwork(pid, argv));
  return (await getRoute(inside, outside[family]))?.prefsrc;
}

function finding(
  { name, networks = [] }: AttachedContainer,
  source: Address,
  ours: readonly string[],
): Finding {
  const which = networks.filter((network) => ours.includes(network)).join(', ');
  return {
    problem: `container ${name}: it is in ${networks.join(' and ')}, and its default route leaves as ${source}, which is not redirected`,
    remedy: `the engine chose it: let the container be in ${which} alone, or write its other network into the file too`,
  };
}
