/** What each role adds to the state of a host; `datapath.ts` makes rules, routes and nft of it. */
import type { Address, Subnet } from '../address/cidr.ts';
import type { Route } from '../state/objects.ts';

/** All that one network (on a node) or one gateway (on a member) asks of the datapath. */
export interface Part {
  /** `network web` or `gateway office`, for reasons */
  readonly name: string;
  readonly subnets: readonly Subnet[];
  /** packets of the subnets are routed by this table */
  readonly table: number;
  /** why they are */
  readonly steerWhy: string;
  readonly routes: readonly { readonly route: Route; readonly why: string }[];
  /** the containers run on this host */
  readonly local: boolean;
  /** destinations that keep the host's own routing */
  readonly direct: readonly Subnet[];
  /** next hops by which the subnets may leave */
  readonly nextHops: readonly Address[];
  /** devices by which the subnets may leave to any next hop: point-to-point links */
  readonly devices: readonly string[];
  /** next hops of the ways back to the subnets */
  readonly returnHops: readonly Address[];
  /** source address of what leaves by a device */
  readonly nat?: { readonly gateway: string; readonly device: string; readonly verdict: string };
}
