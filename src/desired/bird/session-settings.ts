/** Settings that both sides of a session must agree on, as this side has them. */
import type { Address } from '../../address/cidr.ts';
import type { HostRole, RoutedUplink } from '../../topology/role.ts';
import { routerId } from './router-id.ts';
import { upstreamBgpPort } from './upstream.ts';

export interface CommonSettings {
  /** the uplink's device, or an address of this host on the link */
  readonly link: { readonly device: string } | { readonly address: Address };
  readonly routerId: string;
  /** path; absent: the session has no password */
  readonly passwordFile?: string;
  readonly bfd: boolean;
  /** packets with another TTL than 255 are dropped */
  readonly ttlSecurity: boolean;
  /** the neighbour must announce a default */
  readonly wantsDefault: boolean;
}

export interface BgpSettings extends CommonSettings {
  readonly protocol: 'bgp';
  readonly as: number;
  readonly peerAs: number;
  /** TCP port of the neighbour */
  readonly port: number;
}

export interface OspfSettings extends CommonSettings {
  readonly protocol: 'ospf';
  readonly area: number;
  /** seconds */
  readonly hello: number;
  readonly dead: number;
}

export function upstreamSettings(
  { host, addresses }: HostRole,
  { device, routing }: RoutedUplink,
): BgpSettings | OspfSettings {
  const { passwordFile, bfd } = routing;
  const common = {
    link: { device },
    routerId: routerId(host, addresses),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    bfd: bfd !== undefined,
    ttlSecurity: false,
    wantsDefault: true,
  };
  if (routing.protocol === 'bgp') {
    const { as, peerAs } = routing;
    return { ...common, protocol: 'bgp', as, peerAs, port: upstreamBgpPort };
  }
  const { area, hello, dead } = routing;
  return { ...common, protocol: 'ospf', area, hello, dead };
}
