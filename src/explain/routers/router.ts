/**
 * A router that does not run mustredirect: what it has to speak, whatever software it runs. Words in capitals stand for
 * what the file does not have; the reader replaces them.
 */
import { type Address, type Family, type Subnet, families } from '../../address/cidr.ts';
import { ofFamily } from '../../desired/addresses.ts';
import type { Bfd } from '../../spec/spec.ts';
import type { RoutedGateway } from '../../topology/role.ts';

/** The values of `render --format` that are configurations of a routing daemon. */
export const daemonFormats = ['bird', 'frr'] as const;

/** Words that the reader replaces. */
export const words = { device: 'DEVICE', password: 'PASSWORD', member: 'MEMBER' } as const;

export interface Router {
  /** what it is, for the first line */
  readonly title: string;
  /** comments below the title */
  readonly notes: readonly string[];
  readonly id?: Address;
  /** BGP; empty without it */
  readonly sessions: readonly Session[];
  /** OSPF; empty without it */
  readonly links: readonly OspfLink[];
  /** routes of its own, to be announced too */
  readonly routes: readonly OwnRoute[];
}

export interface Session {
  /** `office_gw1_4` */
  readonly name: string;
  readonly description: string;
  readonly family: Family;
  readonly as: number;
  readonly peerAs: number;
  /** an address, or a word */
  readonly peer: string;
  /** TCP port of both ends */
  readonly port: number;
  /** the peer opens the connection */
  readonly passive: boolean;
  /** the peer drops packets with another TTL than 255 */
  readonly ttlSecurity: boolean;
  readonly password?: string;
  readonly bfd?: Bfd;
  readonly accepted: readonly Subnet[];
  readonly announced: readonly Subnet[];
  readonly med?: number;
}

export interface OspfLink {
  readonly name: string;
  readonly description: string;
  /** a device, or a word */
  readonly device: string;
  /** both versions of OSPF, or one */
  readonly families: readonly Family[];
  readonly area: number;
  /** seconds */
  readonly hello: number;
  readonly dead: number;
  readonly cost: number;
  readonly pointToPoint: boolean;
  /** its neighbours drop packets with another TTL than 255 */
  readonly ttlSecurity?: boolean;
  readonly password?: string;
  readonly bfd?: Bfd;
  readonly accepted: readonly Subnet[];
  readonly announced: readonly Subnet[];
  /** of what it announces */
  readonly metric?: number;
}

export interface OwnRoute {
  readonly subnet: Subnet;
  readonly via?: Address;
  /** with `via` where that is link-local. Neither: packets to it are dropped, and it is only announced */
  readonly device?: string;
}

/** Families of the subnets behind a gateway. */
export function servedFamilies({ peers }: Pick<RoutedGateway, 'peers'>): Family[] {
  return families.filter((family) => peers.some(({ subnets }) => ofFamily(subnets, family).length > 0));
}

/** Families in which a router speaks BGP. */
export function sessionFamilies({ sessions }: Pick<Router, 'sessions'>): Family[] {
  return families.filter((one) => sessions.some(({ family }) => family === one));
}

/** `0.0.0.0`, as most routers write an area */
export function dottedArea(area: number): string {
  return [24, 16, 8, 0].map((shift) => (area >>> shift) & 0xff).join('.');
}
