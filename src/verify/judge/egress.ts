/** Expected egress of packets, read from this host's current routes. */
import type { Address } from '../../address/cidr.ts';
import { getRoute } from '../../host/ip/routes.ts';
import type { Exec } from '../../host/ports.ts';
import type { Link } from '../../state/facts.ts';

export interface Egress {
  readonly link: string;
  /** next hop; absent on point-to-point links */
  readonly nextHop?: Address;
}

export interface EgressLookup {
  readonly egresses: readonly Egress[];
  /** why gateways from the file have no egress */
  readonly problems: readonly string[];
}

/** Egress to gateways, which must be neighbours of this host. */
export async function gatewayEgresses(
  exec: Exec,
  links: readonly Link[],
  gateways: readonly Address[],
): Promise<EgressLookup> {
  const found = await Promise.all(gateways.map((gateway) => gatewayEgress(exec, links, gateway)));
  return {
    egresses: found.filter((egress) => typeof egress !== 'string'),
    problems: found.filter((egress) => typeof egress === 'string'),
  };
}

async function gatewayEgress(exec: Exec, links: readonly Link[], gateway: Address): Promise<Egress | string> {
  const route = await getRoute(exec, gateway);
  if (!route?.dev) return `no route to ${gateway}`;
  if (route.gateway) return `${gateway} is not a neighbour: the route to it goes via ${route.gateway}`;
  return egressOn(links, route.dev, gateway);
}

/** Egress to a target by the host's own routing. */
export async function hostEgress(exec: Exec, links: readonly Link[], target: Address): Promise<EgressLookup> {
  const route = await getRoute(exec, target);
  if (!route?.dev) return { egresses: [], problems: [`no route to ${target}`] };
  if (route.type === 'local') return { egresses: [], problems: [`${target} is this host itself`] };
  return { egresses: [egressOn(links, route.dev, route.gateway ?? target)], problems: [] };
}

/** A point-to-point link has no next hop. */
export function egressOn(links: readonly Link[], link: string, nextHop: Address | undefined): Egress {
  const ethernet = links.find(({ name }) => name === link)?.ethernet ?? false;
  return ethernet && nextHop ? { link, nextHop } : { link };
}
