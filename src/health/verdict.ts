/** Verdicts: the members that each gateway uses. The agent leaves them for every run on the host. */
import type { Family } from '../address/cidr.ts';

/** Gateway name -> its verdict. A gateway without one uses its first member, or, with `mode: balance`, all of them. */
export type Verdicts = Readonly<Record<string, GatewayVerdict>>;

export interface GatewayVerdict {
  /** members that were judged, in the order of the file: in another order, the verdict is void */
  readonly members: readonly string[];
  readonly used: UsedMembers;
  /** with `mode: balance`: members that get no new connections; absent: none */
  readonly away?: { readonly [family in Family]?: readonly UsedMember[] };
  /** with `flows: drain`: hosts of members that have failed, which keep no connections; absent: none */
  readonly failed?: { readonly [family in Family]?: readonly string[] };
  /** hosts of members that say that they are drained; absent: none */
  readonly drained?: readonly string[];
  /** families in which no member works; only of gateways with networks that then leave directly */
  readonly outage?: Outages;
}

export type Outages = { readonly [family in Family]?: Outage };

/** No member of a gateway works. */
export interface Outage {
  /** ISO 8601 */
  readonly since: string;
  /** `no member works: gw1: eth1 is down; gw2: 2 of 2 targets unreachable: 1.1.1.1 9.9.9.9` */
  readonly why: string;
  /** id of the agent that has found it out: without it, the verdict opens nothing */
  readonly agent: string;
}

/** The families may use different members. */
export type UsedMembers = { readonly [family in Family]?: UsedMember };

/** A member, and when and why it was chosen, or taken out of use. */
export interface UsedMember {
  readonly host: string;
  /** ISO 8601 */
  readonly since: string;
  /** reason of the change: `gw1: 2 of 2 targets do not answer` */
  readonly why: string;
}
