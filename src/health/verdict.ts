/** Verdicts: the member that each gateway uses. The agent leaves them for every run on the host. */
import type { Family } from '../address/cidr.ts';

/** Gateway name -> its verdict. A gateway without one uses its first member. */
export type Verdicts = Readonly<Record<string, GatewayVerdict>>;

export interface GatewayVerdict {
  /** members that were judged, in the order of the file: with others, or in another order, the verdict is void */
  readonly members: readonly string[];
  readonly used: UsedMembers;
}

/** The families may use different members. */
export type UsedMembers = { readonly [family in Family]?: UsedMember };

export interface UsedMember {
  readonly host: string;
  /** ISO 8601 */
  readonly since: string;
  /** reason of the change: `gw1: 2 of 2 targets do not answer` */
  readonly why: string;
}
