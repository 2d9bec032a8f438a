/** Route of this host to the far end of a tunnel. */
import type { Address } from '../../address/cidr.ts';
import type { Link } from '../../state/facts.ts';
import type { Exec } from '../ports.ts';
import { getRoute, getTableRoute, routeMtu } from './routes.ts';
import type { TunnelDevice } from './tunnel-devices.ts';

export type OuterPath =
  | {
      readonly device: string;
      /** next hop; absent if the far end is a neighbour */
      readonly via?: Address;
      readonly source?: Address;
      /** bytes: of the route, else of its device */
      readonly mtu: number;
      /** smaller MTU of a router on the way, which an ICMP message has told the kernel; forgotten after ten minutes */
      readonly learnedMtu?: number;
    }
  | { readonly error: string };

/** MTU of Ethernet, for a device that is gone meanwhile */
const usualMtu = 1500;

export async function readOuterPath(
  exec: Exec,
  { device, local, remote }: Pick<TunnelDevice, 'device' | 'local' | 'remote'>,
  links: readonly Link[],
): Promise<OuterPath> {
  const route = await getRoute(exec, remote, local);
  if (!route?.dev) return { error: await noRoute(exec, local, remote, links) };
  if (route.dev === device) return { error: `the route to ${remote} leads through the tunnel itself` };
  const learned = route.expires === undefined ? undefined : routeMtu(route);
  const lasting = learned === undefined ? route : await getTableRoute(exec, remote);
  const linkMtu = links.find(({ name }) => name === route.dev)?.mtu ?? usualMtu;
  const source = route.prefsrc ?? local;
  return {
    device: route.dev,
    ...(route.gateway === undefined ? {} : { via: route.gateway }),
    ...(source === undefined ? {} : { source }),
    mtu: (lasting && routeMtu(lasting)) ?? linkMtu,
    ...(learned === undefined ? {} : { learnedMtu: learned }),
  };
}

/** The kernel refuses a source address that the host does not have. */
async function noRoute(
  exec: Exec,
  local: Address | undefined,
  remote: Address,
  links: readonly Link[],
): Promise<string> {
  const isOwn = links.some(({ addresses }) => addresses.some((prefix) => prefix.split('/')[0] === local));
  if (local !== undefined && !isOwn)
    return `${local}, where the tunnel starts, is not an address of this host`;
  const route = local === undefined ? undefined : await getRoute(exec, remote);
  return route?.dev ? `no route to ${remote} for packets from ${local}` : `no route to ${remote}`;
}
