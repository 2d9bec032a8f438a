/** The far end of a gateway's tunnel: what a router there needs, whatever it is. */
import {
  type Address,
  type Family,
  type Subnet,
  anywhere,
  contains,
  families,
  familyOf,
  mergeSubnets,
  nextAddress,
  prefixLength,
  subnetOfAddress,
  withoutHostBits,
} from '../../address/cidr.ts';
import type { IpTunnelSpec, TunnelSpec } from '../../spec/spec.ts';
import type { MemberGateway } from '../../topology/role.ts';

export type FarEnd = IpFarEnd | WireguardFarEnd;

interface CommonFarEnd {
  readonly gateway: string;
  readonly device: string;
  readonly outer: Family;
  /** bytes */
  readonly mtu: number;
  /** addresses of its device with prefix length */
  readonly addresses: readonly string[];
  /** what comes out of the tunnel and is not in its network: routes back */
  readonly routes: readonly Subnet[];
  /** what comes out of the tunnel with addresses that the Internet does not know */
  readonly untranslated: readonly Subnet[];
  /** its address outside */
  readonly local: Address;
}

export interface IpFarEnd extends CommonFarEnd {
  readonly type: IpTunnelSpec['type'];
  readonly remote: Address;
  readonly key?: number;
  readonly ttl: number;
}

export interface WireguardFarEnd extends CommonFarEnd {
  readonly type: 'wireguard';
  readonly port: number;
  /** public half of its own key */
  readonly ownKey: string;
  /** public key of the gateway */
  readonly peer: string;
  /** both ends share a key */
  readonly shared: boolean;
  /** everything that comes out of the tunnel */
  readonly allowed: readonly Subnet[];
}

/** Words that the reader replaces. */
export const words = {
  uplink: 'UPLINK',
  privateKey: 'PRIVATE_KEY',
  presharedKey: 'PRESHARED_KEY',
  publicKey: 'PUBLIC_KEY',
} as const;

/** @param publicKey of the gateway's WireGuard device, if known */
export function farEndOf(
  { name, uplink, snat, served }: MemberGateway,
  tunnel: TunnelSpec,
  mtu: number,
  publicKey: string = words.publicKey,
): FarEnd {
  const { device, addresses = [] } = uplink;
  // Without another address in it, the far end has no route to a network.
  const networks = addresses.filter((prefix) => nextAddress(prefix) !== undefined).map(withoutHostBits);
  const containers = mergeSubnets(served.map(({ subnet }) => subnet));
  const own = addresses.map((prefix) => subnetOfAddress(prefix.split('/')[0] ?? ''));
  const sources =
    snat === 'none' ? containers : snat === 'masquerade' ? own : mergeSubnets(snat.map(subnetOfAddress));
  const isInside = (source: Subnet): boolean =>
    networks.some((subnet) => familyOf(subnet) === familyOf(source) && contains(subnet, source));
  return {
    gateway: name,
    device,
    outer: familyOf(tunnel.remote),
    local: tunnel.remote,
    mtu,
    addresses: addresses.flatMap((prefix) => {
      const address = nextAddress(prefix);
      return address === undefined ? [] : [`${address}/${prefixLength(prefix)}`];
    }),
    // With a routing protocol, the far end hears them.
    routes: uplink.routing ? [] : sources.filter((source) => !isInside(source)),
    untranslated: sources.filter(isPrivate),
    ...(tunnel.type === 'wireguard'
      ? {
          type: tunnel.type,
          port: tunnel.remotePort,
          ownKey: tunnel.peer,
          peer: publicKey,
          shared: tunnel.presharedKeyFile !== undefined,
          // A router sends to multicast addresses, too, and to whatever it learns.
          allowed: uplink.routing ? everything(uplink) : mergeSubnets([...own, ...sources]),
        }
      : ipEnds(tunnel)),
  };
}

function everything({ addresses = [] }: { readonly addresses?: readonly string[] | undefined }): Subnet[] {
  return families
    .filter((family) => addresses.some((prefix) => prefix.includes(':') === (family === 6)))
    .map((family) => anywhere[family]);
}

function ipEnds({ type, local, key, ttl }: IpTunnelSpec): Pick<IpFarEnd, 'type' | 'remote' | 'key' | 'ttl'> {
  return { type, remote: local, ttl, ...(key === undefined ? {} : { key }) };
}

/** RFC 1918, 6598 and 4193 */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

function isPrivate(subnet: Subnet): boolean {
  return privateRanges.some((range) => familyOf(range) === familyOf(subnet) && contains(range, subnet));
}

/** Whether IPv6 goes through the tunnel. */
export function hasIpv6({ addresses, routes }: Pick<FarEnd, 'addresses' | 'routes'>): boolean {
  return ofFamily(6, [...addresses, ...routes]).length > 0;
}

export function ofFamily(family: Family, all: readonly string[]): string[] {
  return all.filter((one) => (one.includes(':') ? 6 : 4) === family);
}
