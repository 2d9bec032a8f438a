/**
 * A node's networks and a member's gateways on this host. `routing` and `nft` turn them into rules, routes and sets.
 */
import { type Address, type Family, type Subnet, families } from '../address/cidr.ts';
import { onceForEach } from '../address/once.ts';
import type { RankedSelector } from '../spec/route-order.ts';
import type { Hop } from '../state/facts.ts';
import type { HostObject } from '../kinds/index.ts';
import type { Route } from '../kinds/route/schema.ts';
import type { Rule } from '../kinds/rule/schema.ts';
import type { GatewayNumbers } from '../state/ledger.ts';
import type { InboundPort } from '../topology/role.ts';
import type { UplinkRouting } from '../spec/spec.ts';
import type { SpreadMember } from '../topology/spread.ts';

/** A network on its node, or a gateway on a member, in one address family. */
export type Redirect = NodeRedirect | MemberRedirect;

/** Subnets, and the gateway that their packets go to. */
export interface Steered {
  readonly subnets: readonly Subnet[];
  /** absent: the subnets are blocked */
  readonly steer?: Steer;
}

interface BaseRedirect extends Steered {
  /** `network web` or `gateway office`, for texts */
  readonly name: string;
  readonly family: Family;
  /** why it is blocked although the file redirects it; packets may still be steered to a table without a gateway */
  readonly notReady?: string;
  /** next hops of this host's default routes: replies to the subnets must not be routed to them */
  readonly defaultRouters: readonly Hop[];
}

/** A network whose containers run on this host. */
export interface NodeRedirect extends BaseRedirect {
  readonly kind: 'node';
  /** table main must not have an unreachable route to the subnets: libvirt would refuse to start its network */
  readonly external: boolean;
  /** all of a pool, of which other redirects open parts */
  readonly isPool?: true;
  /** ingress device of its containers' packets, and of no other packets */
  readonly bridge?: string;
  /** other subnets on that bridge: their packets are not redirected */
  readonly otherBridgeSubnets: readonly Subnet[];
  /** packets that no route is about keep the host's routing, since no member of the gateway works */
  readonly leavesDirectly?: true;
  /** destinations that keep the host's routing */
  readonly direct: readonly Subnet[];
  /** our table masquerades packets to them, because we have disabled the engine's masquerade */
  readonly masqueradeDirect: boolean;
  /** links on which only replies and packets to published ports may reach its containers */
  readonly inbound: readonly InboundLink[];
}

/** A network with a known bridge. */
export type BridgedRedirect = NodeRedirect & { readonly bridge: string };

/** Subnets of other hosts: this host forwards them as a gateway member, or blocks them. */
export interface MemberRedirect extends BaseRedirect {
  readonly kind: 'member';
  /** next hop of each subnet */
  readonly returnPaths: readonly ReturnPath[];
  /** nft rules that forward ports of the uplink to containers */
  readonly published: readonly { readonly rule: string; readonly to: Address; readonly why: string }[];
  /** source NAT on the uplink device, and the device's MTU; absent: nothing leaves */
  readonly nat?: {
    readonly gateway: string;
    readonly device: string;
    /** `none`: packets keep the container's address */
    readonly source: Address | 'masquerade' | 'none';
    readonly mtu?: number;
    /** TCP connections that conntrack does not know are reset */
    readonly resetsFlows?: true;
    /** the upstream router that this host exchanges routes with, from the address that the outside sees */
    readonly router?: UplinkRouting;
  };
}

/** Steering of packets into the routing table of a gateway. */
export interface Steer extends EgressPaths {
  readonly gateway: string;
  readonly table: number;
  readonly why: string;
  /** a member is chosen for each connection; absent: all packets use the table */
  readonly balance?: Balance | undefined;
  /** subnets that use this gateway unless a route says otherwise; absent: all */
  readonly defaultSubnets?: readonly Subnet[];
  readonly routes: readonly { readonly route: Route; readonly why: string }[];
  /** routes of the file for some of the packets */
  readonly policyRoutes?: PolicyRoutes;
}

/** Members of a gateway that a member is chosen from for each connection, in one family. */
export interface Balance {
  readonly gateway: string;
  /** in the order of the file */
  readonly members: readonly BalancedMember[];
  /** hosts of the members: slot -> owner */
  readonly slots: readonly string[];
}

/** A member, with the mark and table of packets that leave by it. */
export type BalancedMember = Omit<SpreadMember, 'weight'> & GatewayNumbers;

/** A link on which an engine accepts packets to a subnet because they may be replies. */
export interface InboundLink {
  readonly subnet: Subnet;
  readonly device: string;
  /** ports of the subnet's containers that a gateway publishes */
  readonly inboundPorts: readonly Omit<InboundPort, 'from'>[];
}

/** Routes of the file that send some packets of a network to other gateways, or make them direct. */
export interface PolicyRoutes {
  /** name of the network or gateway, for chain names */
  readonly name: string;
  /** most specific first */
  readonly routes: readonly PolicyRoute[];
  /** where packets that match these routes may leave */
  readonly egresses: readonly GatewayEgress[];
}

export interface PolicyRoute {
  readonly from: Subnet;
  readonly selector: RankedSelector;
  /** absent: direct */
  readonly table?: number;
  /** why all packets of connections that begin in the network are direct; absent: the file has the route */
  readonly outage?: string;
}

/** A gateway's egress, for subnets with a route to it. */
export interface GatewayEgress extends EgressPaths {
  readonly gateway: string;
  readonly subnets: readonly Subnet[];
}

/** A redirected subnet, and the neighbour that it is behind. */
export interface ReturnPath extends Hop {
  readonly subnet: Subnet;
}

export interface EgressPaths {
  /** next hops, each valid on its own link: on another link, the same address may be another host */
  readonly hops: readonly Hop[];
  /** devices on which any next hop is valid: point-to-point links */
  readonly devices: readonly string[];
}

export const subnetsOf = onceForEach((redirects: readonly Steered[]): readonly Subnet[] =>
  joined(redirects.map(({ subnets }) => subnets)),
);

/** The lists one after the other; a single one is not copied, so that what was computed from it is found again. */
export function joined<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const [only = [], ...others] = lists.filter((list) => list.length > 0);
  return others.length === 0 ? only : [only, ...others].flat();
}

/** Subnets that use the gateway unless a route says otherwise. */
export function steeredSubnets({ subnets, steer }: Steered): readonly Subnet[] {
  return steer?.defaultSubnets ?? subnets;
}

export function policyRoutesOf(redirects: readonly Steered[]): PolicyRoutes[] {
  return redirects.flatMap(({ steer }) => steer?.policyRoutes ?? []);
}

export function kernelRoutesOf(redirects: readonly Steered[]): Steer['routes'] {
  return joined(redirects.map(({ steer }) => steer?.routes ?? []));
}

export function isNode(redirect: Redirect): redirect is NodeRedirect {
  return redirect.kind === 'node';
}

export function isPool(redirect: Redirect): boolean {
  return redirect.kind === 'node' && redirect.isPool === true;
}

export function isMember(redirect: Redirect): redirect is MemberRedirect {
  return redirect.kind === 'member';
}

export function returnPathsIn(redirects: readonly Redirect[]): readonly ReturnPath[] {
  return joined(redirects.filter(isMember).map(({ returnPaths }) => returnPaths));
}

export function isBridged(redirect: Redirect): redirect is BridgedRedirect {
  return redirect.kind === 'node' && redirect.bridge !== undefined;
}

/** Match on the ingress device, for an `ip rule`. */
export function ingressOf(redirect: Redirect): Pick<Rule, 'device'> {
  return isBridged(redirect) ? { device: redirect.bridge } : {};
}

export function bridgesOf(redirects: readonly Redirect[]): string[] {
  return [...new Set(redirects.filter(isBridged).map(({ bridge }) => bridge))];
}

/** Blocks subnets of other hosts. */
export function closedRedirect(name: string, family: Family, subnets: readonly Subnet[]): MemberRedirect {
  return { kind: 'member', name, family, subnets, defaultRouters: [], returnPaths: [], published: [] };
}

export function byFamily(
  redirects: readonly Redirect[],
): { readonly family: Family; readonly redirects: Redirect[] }[] {
  return families
    .map((family) => ({ family, redirects: redirects.filter((redirect) => redirect.family === family) }))
    .filter((group) => group.redirects.length > 0);
}

/** An object that the host should have, and the reason that the plan gives for it. */
export interface DesiredObject {
  readonly object: HostObject;
  readonly why: string;
}

/** A likely problem that does not stop a run. */
export interface Warning {
  readonly message: string;
  readonly hint: string;
  /** the file asks for it: `doctor` finds nothing wrong */
  readonly intended?: true;
  /** a label does not redirect its network: `status` and the agent tell it, too */
  readonly ofLabel?: true;
}

/** A reason to refuse the whole run. */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** A network or gateway that stays closed until the host matches the file. Everything else is applied. */
export interface NotReady extends Refusal {
  /** `network web`, `network web on node1`, `gateway office` */
  readonly what: string;
  /** absent: every family */
  readonly family?: Family;
}
