/** The ways that packets should take from this host, as its own routes say now. */
import type { Address } from '../../address/cidr.ts';
import { getRoute } from '../../host/ip/routes.ts';
import type { Exec } from '../../host/ports.ts';
import type { Link } from '../../state/facts.ts';

export interface Egress {
  readonly link: string;
  /** next hop, on links with neighbours */
  readonly nextHop?: Address;
}

export interface Ways {
  readonly ways: readonly Egress[];
  /** why one that the file names is none */
  readonly problems: readonly string[];
}

/** To gateways that must be neighbours of this host. */
export async function waysToGateways(
  exec: Exec,
  links: readonly Link[],
  gateways: readonly Address[],
): Promise<Ways> {
  const found = await Promise.all(gateways.map((gateway) => wayToGateway(exec, links, gateway)));
  return {
    ways: found.filter((way) => typeof way !== 'string'),
    problems: found.filter((way) => typeof way === 'string'),
  };
}

async function wayToGateway(exec: Exec, links: readonly Link[], gateway: Address): Promise<Egress | string> {
  const route = await getRoute(exec, gateway);
  if (!route?.dev) return `no route to ${gateway}`;
  if (route.gateway) return `${gateway} is not a neighbour: the route to it goes via ${route.gateway}`;
  return wayOn(links, route.dev, gateway);
}

/** To a target by the host's own routing. */
export async function ownWay(exec: Exec, links: readonly Link[], target: Address): Promise<Ways> {
  const route = await getRoute(exec, target);
  if (!route?.dev) return { ways: [], problems: [`no route to ${target}`] };
  if (route.type === 'local') return { ways: [], problems: [`${target} is this host itself`] };
  return { ways: [wayOn(links, route.dev, route.gateway ?? target)], problems: [] };
}

/** A point-to-point link has no next hop to look for. */
export function wayOn(links: readonly Link[], link: string, nextHop: Address | undefined): Egress {
  const ethernet = links.find(({ name }) => name === link)?.ethernet ?? false;
  return ethernet && nextHop ? { link, nextHop } : { link };
}
