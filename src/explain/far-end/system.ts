/** A system at the far end: how its commands are written. */
import type { FarEnd, IpFarEnd, WireguardFarEnd } from './far-end.ts';

/** Systems that make tunnels. */
export const tunnelSystems = ['linux', 'routeros', 'vyos', 'ios', 'openwrt'] as const;
export type TunnelSystem = (typeof tunnelSystems)[number];

/** The values of `render --far-end`. */
export const farEndSystems = [...tunnelSystems, 'bird', 'frr'] as const;
export type FarEndSystem = (typeof farEndSystems)[number];

/** Makes the tunnel with its MTU; a text: why the system cannot. */
type TunnelLines<T extends FarEnd> = (farEnd: T) => readonly string[] | string;

export interface System {
  /** name and version for the headline */
  readonly name: string;
  /** begins a comment */
  readonly comment: '#' | '!';
  /** one for each type of tunnel */
  readonly tunnel: {
    readonly gre: TunnelLines<IpFarEnd>;
    readonly ipip: TunnelLines<IpFarEnd>;
    readonly wireguard: TunnelLines<WireguardFarEnd>;
  };
  /** addresses, routes, NAT and firewall */
  readonly rest: (farEnd: FarEnd) => readonly string[];
}

/** For systems whose tunnels of that type carry one family. */
export function onlyIpv4(comment: System['comment'], isConcerned: boolean): string[] {
  return isConcerned
    ? [`${comment} here this type of tunnel carries IPv4 only: write \`gre\` into the file to carry IPv6`]
    : [];
}
