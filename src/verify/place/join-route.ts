/** Joins a namespace to this host by a route alone: to one address, on the main table, with none on our end. */
import { type Family, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import type { LiveHost } from '../live-host.ts';
import { type Veth, configureInside, configureOutside, innerMac, insideLink, outerMac } from './veth.ts';

/** Link-local, seen by nobody: the next hop of the namespace's default route must be called something. */
const nextHops: Readonly<Record<Family, string>> = { 4: '169.254.0.1', 6: 'fe80::1' };

/** Neighbours are given, not asked for: our end has no address that could answer. */
export async function joinByRoute(host: LiveHost, veth: Veth): Promise<void> {
  const { name, address } = veth;
  const family = familyOf(address);
  const nextHop = nextHops[family];
  const alone = subnetOfAddress(address);
  await configureOutside(host, [
    `link set ${name} addrgenmode none`,
    `link set ${name} up`,
    `neighbor add ${address} lladdr ${innerMac(veth)} dev ${name} nud permanent`,
    `route add ${alone} dev ${name}`,
  ]);
  await configureInside(host, veth, [
    `link set ${insideLink} addrgenmode none`,
    `link set ${insideLink} up`,
    `address add ${alone} dev ${insideLink}${family === 6 ? ' nodad' : ''}`,
    `neighbor add ${nextHop} lladdr ${outerMac(veth)} dev ${insideLink} nud permanent`,
    `route add default via ${nextHop} dev ${insideLink} onlink src ${address}`,
  ]);
}
