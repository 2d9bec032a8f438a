/** A redirect: what a node's or a gateway member's role needs from a host. `routing` and `nft` turn it into rules, routes and sets. */
import { type Family, type Subnet, families } from '../address/cidr.ts';
import type { RankedSelector } from '../spec/route-order.ts';
import type { Hop } from '../state/facts.ts';
import type { HostObject } from '../kinds/index.ts';
import type { Route } from '../kinds/route/schema.ts';
import type { Rule } from '../kinds/rule/schema.ts';
import type { Called } from '../topology/role.ts';

/** All that one network (on a node) or one gateway (on a member) asks of the datapath, in one address family. */
export interface Redirect extends GatewayWays {
  /** `network web` or `gateway office`, for reasons */
  readonly name: string;
  readonly family: Family;
  readonly subnets: readonly Subnet[];
  /**
   * packets of the subnets, or of some of them, are routed by this table, and why; without it they are only
   * closed
   */
  readonly steer?: {
    readonly gateway: string;
    readonly table: number;
    readonly why: string;
    readonly only?: readonly Subnet[];
  };
  readonly routes: readonly { readonly route: Route; readonly why: string }[];
  /** main must not have a route to them that is none: libvirt would not start its network then */
  readonly routeless?: boolean;
  /** why it is closed, where the file would have it open; it may be steered all the same, to a table that is closed */
  readonly notReady?: string;
  /** packets of the subnets that go another way than the rest of them */
  readonly routed?: PolicyRoutes;
  /** the containers run on this host */
  readonly local: boolean;
  /** destinations that keep the host's own routing */
  readonly direct: readonly Subnet[];
  /** what goes to them is masqueraded by us: the engine would, had we not switched that off */
  readonly masqueradeDirect: boolean;
  /** the bridge by which its containers' packets come in, and nobody else's */
  readonly bridge?: string;
  /** subnets of others on that bridge, whose packets are none of our business */
  readonly otherBridgeSubnets: readonly Subnet[];
  /** by which neighbour each subnet is reached that is on another host */
  readonly returnWays: readonly ReturnWay[];
  /** next hops of this host's own default routes: no way back to the subnets */
  readonly defaultRouters: readonly Hop[];
  /** links by which only answers, and calls of published ports, may come to its containers */
  readonly inbound?: readonly InboundLink[];
  /** ports of its uplink that lead to containers, as nft rules, and what each is for */
  readonly published?: readonly { readonly rule: string; readonly why: string }[];
  /** source address of what leaves by a device, and how large a packet that takes */
  readonly nat?: {
    readonly gateway: string;
    readonly device: string;
    readonly verdict: string;
    readonly mtu?: number;
  };
}

/** A link by which an engine lets in what it would drop. */
export interface InboundLink {
  readonly subnet: Subnet;
  readonly device: string;
  /** ports of the subnet's containers that a gateway publishes */
  readonly called: readonly Omit<Called, 'from'>[];
}

/** Packets that go another way: what they are, and where they may leave. */
export interface PolicyRoutes {
  /** of the network, or of the gateway: for the names of chains */
  readonly name: string;
  /** most specific first */
  readonly ways: readonly PolicyRoute[];
  /** the gateways that they lead to */
  readonly exits: readonly GatewayEgress[];
}

export interface PolicyRoute {
  readonly from: Subnet;
  readonly selector: RankedSelector;
  /** absent: direct */
  readonly table?: number;
}

/** Where what goes by a gateway may leave. */
export interface GatewayEgress extends GatewayWays {
  readonly gateway: string;
  readonly subnets: readonly Subnet[];
}

/** A redirected subnet, and the neighbour that has it. */
export interface ReturnWay extends Hop {
  readonly subnet: Subnet;
}

export interface GatewayWays {
  /** next hops by which the subnets may leave, each on its link: by another link, the same address is somebody else */
  readonly hops: readonly Hop[];
  /** devices by which the subnets may leave to any next hop: point-to-point links */
  readonly devices: readonly string[];
}

/** Those of its subnets whose packets leave by its ways unless a route says otherwise. */
export function steeredSubnets({ subnets, steer }: Redirect): readonly Subnet[] {
  return steer?.only ?? subnets;
}

/** Whether its containers run on this host. */
export function isLocal({ local }: Redirect): boolean {
  return local;
}

/** Whether its packets are known by the bridge that they come in by. */
export function isBridged({ local, bridge }: Redirect): boolean {
  return local && bridge !== undefined;
}

/** The device that its containers' packets come in by, for a rule. */
export function ingressOf({ local, bridge }: Redirect): Pick<Rule, 'device'> {
  return local && bridge !== undefined ? { device: bridge } : {};
}

/** The bridges of the networks here, each once. */
export function bridgesOf(redirects: readonly Redirect[]): string[] {
  return [...new Set(redirects.flatMap(({ bridge }) => bridge ?? []))];
}

/** A part that asks for nothing but that its subnets are closed. */
export function closedRedirect(name: string, family: Family, subnets: readonly Subnet[]): Redirect {
  return {
    name,
    family,
    subnets,
    routes: [],
    local: false,
    direct: [],
    masqueradeDirect: false,
    otherBridgeSubnets: [],
    hops: [],
    devices: [],
    returnWays: [],
    defaultRouters: [],
  };
}

/** The address families that some redirects have, in order, each with its parts. */
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

/** Something that is likely to cause trouble, but does not stop a run. */
export interface Warning {
  readonly message: string;
  readonly hint: string;
}

/** A reason not to begin at all. */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** A network or a gateway that is closed until it is as the file says. Everything else is applied. */
export interface NotReady extends Refusal {
  /** `network web`, `network web on node1`, `gateway office` */
  readonly what: string;
  /** absent: every family */
  readonly family?: Family;
}
