/** Joins a namespace to this host by a host route in the main table; our end of the veth has no address. */
import { type Family, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import type { LiveHost } from '../live-host.ts';
import { type Veth, configureNamespace, configureHost, innerMac, insideLink, outerMac } from './veth.ts';

/** Link-local next hop of the namespace's default route; it is not assigned to any link. */
const nextHops: Readonly<Record<Family, string>> = { 4: '169.254.0.1', 6: 'fe80::1' };

/** Neighbour entries are permanent: our end has no address that could reply. */
export async function joinByRoute(host: LiveHost, veth: Veth): Promise<void> {
  const { name, address } = veth;
  const family = familyOf(address);
  const nextHop = nextHops[family];
  const hostPrefix = subnetOfAddress(address);
  await configureHost(host, [
    `link set ${name} addrgenmode none`,
    `link set ${name} up`,
    `neighbor add ${address} lladdr ${innerMac(veth)} dev ${name} nud permanent`,
    `route add ${hostPrefix} dev ${name}`,
  ]);
  await configureNamespace(host, veth, [
    `link set ${insideLink} addrgenmode none`,
    `link set ${insideLink} up`,
    `address add ${hostPrefix} dev ${insideLink}${family === 6 ? ' nodad' : ''}`,
    `neighbor add ${nextHop} lladdr ${outerMac} dev ${insideLink} nud permanent`,
    `route add default via ${nextHop} dev ${insideLink} onlink src ${address}`,
  ]);
}
