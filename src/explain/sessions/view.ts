/** All that a host knows about one of its sessions, and what a fault of it looks like. */
import type { Address } from '../../address/cidr.ts';
import type { BgpSettings, OspfSettings } from '../../desired/bird/session-settings.ts';
import type { ExpectedSession } from '../../desired/bird/expected-sessions.ts';
import type { OspfNeighbor } from '../../host/bird/sessions.ts';
import type { RoutingPacket } from '../../host/capture/routing/routing-packet.ts';
import type { Link } from '../../state/facts.ts';
import type { SessionStatus } from './session-status.ts';

export interface SessionView<S = BgpSettings | OspfSettings> {
  readonly session: ExpectedSession;
  readonly settings: S;
  readonly status: SessionStatus;
  /** the device that leads to the neighbour */
  readonly link?: Link;
  /** packets of this device while doctor watched; absent: they could not be captured */
  readonly packets?: readonly RoutingPacket[];
  /** seconds for which doctor watched */
  readonly watched: number;
  /** what BIRD has said about the session meanwhile */
  readonly messages: readonly string[];
  /** OSPF: by router id */
  readonly neighbors: Readonly<Record<string, OspfNeighbor>>;
  /** address of a neighbour -> state of BFD with it */
  readonly bfd: Readonly<Record<string, string>>;
  /** BGP: the neighbour does not offer the family of the session */
  readonly withoutFamily: boolean;
  readonly password?: string;
  /** for addresses that were asked */
  readonly reached: ReadonlyMap<Address, Reached>;
}

export interface Reached {
  readonly ping: boolean;
  /** it has a link-layer address */
  readonly resolved: boolean;
  /** answer to a TCP connection without a password, where one was tried */
  readonly connection?: 'accepted' | 'refused' | 'silent';
}

export interface Fault {
  /** `it is in AS 64497, and the file has peer_as: 64496` */
  readonly cause: string;
  /** what to do: one sentence with the key or the command */
  readonly remedy: string;
}

export type Rule<V> = (view: V) => Fault | undefined;

/** The fault of the first rule that applies. */
export function firstFault<V>(rules: readonly Rule<V>[], view: V): Fault | undefined {
  for (const rule of rules) {
    const fault = rule(view);
    if (fault) return fault;
  }
  return undefined;
}

/** Faults of the device, which every protocol has in common. */
export function deviceFault({ link, settings }: Pick<SessionView, 'link' | 'settings'>): Fault | undefined {
  if (!link) {
    const what =
      'device' in settings.link ? settings.link.device : `with the address ${settings.link.address}`;
    return {
      cause: `this host has no device ${what}`,
      remedy: '`ip address` shows the devices of this host',
    };
  }
  if (link.down) return { cause: `${link.name} is down`, remedy: `\`ip link set ${link.name} up\`` };
  if (link.noCarrier)
    return {
      cause: `${link.name} has no carrier`,
      remedy: `look at the cable of ${link.name}, and at its other end`,
    };
  return undefined;
}

/** A host of the file, which runs mustredirect; else a router that we do not manage. */
export function isOfFile({ neighbor }: Pick<ExpectedSession, 'neighbor'>): boolean {
  return neighbor !== 'upstream router';
}
