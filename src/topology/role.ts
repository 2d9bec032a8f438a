/** Role of one host: what it must do according to the file. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { Policy } from '../health/policy.ts';
import type { Outages } from '../health/verdict.ts';
import type { RankedSelector } from '../spec/route-order.ts';
import type {
  EngineName,
  FlowLogLimits,
  GatewayRouting,
  PublishedPort,
  Snat,
  Uplink,
  UplinkRouting,
} from '../spec/spec.ts';
import type { LabelReport } from './discovered-networks.ts';
import type { Pool } from './indexed-spec.ts';

/** Role of one host: node of some networks, member of some gateways, both, or neither. */
export interface HostRole {
  readonly host: string;
  readonly addresses: readonly Address[];
  readonly networks: readonly NodeNetwork[];
  readonly gateways: readonly MemberGateway[];
  /** gateways whose routes this host exchanges with other hosts of the file; absent when there is none */
  readonly routed?: readonly RoutedGateway[];
  /** gateways with several members that this node chooses among; absent when there is none */
  readonly failover?: readonly FailoverGateway[];
  /**
   * on a member: redirected subnets that are neither on this host nor served by it, including blocked ones. A node that
   * has not applied the file yet may still send packets from them: they must not leave by this host's default route.
   */
  readonly unservedSubnets?: readonly Subnet[];
  /** on a node with labelled networks, which are among its networks; absent: only those of the file are */
  readonly pool?: NodePool;
}

/** Subnets that the labelled networks of this host lie in. */
export interface NodePool extends Pick<Pool, 'subnets' | 'unlabelled'> {
  /** gateways that a label may name: they have a table and a mark before a network names them */
  readonly gateways: readonly string[];
  /** labels that redirect no network, and why */
  readonly reports: readonly LabelReport[];
}

/** Network with containers on this host. */
export interface NodeNetwork {
  readonly name: string;
  readonly engine: EngineName;
  /** all subnets, including those of blocked families */
  readonly subnets: readonly Subnet[];
  readonly direct: readonly Subnet[];
  /** packets with another gateway, including direct destinations; absent when the file has no routes */
  readonly routes?: Routes;
  /** blocked families, even if only the engine has a subnet of them */
  readonly blocked: readonly Family[];
  /** device name of its bridge, if the file has it */
  readonly bridge?: string;
  /** if the engine drops replies from the gateway, a rule of ours accepts them */
  readonly acceptReplies?: true;
  /** its label has it redirected, not the file */
  readonly byLabel?: true;
  readonly gateway: string;
  /** addresses of the members, most preferred first, both families */
  readonly nextHops: readonly Address[];
  /** those that connections are spread over; absent: all traffic leaves by the first one of each family */
  readonly sharedBy?: readonly Address[];
  /** containers with published ports; absent when no gateway publishes one */
  readonly inboundPorts?: readonly InboundPort[];
  /** it leaves directly while no member of the gateway works */
  readonly whenDown?: 'direct';
  /** families in which it leaves directly now: all packets that no route is about; absent: none */
  readonly leavesDirectly?: Outages;
  /** name servers that get its DNS queries, one for each family; absent: those of the engine */
  readonly nameServers?: readonly Address[];
  /** they are addresses of the gateway's member */
  readonly asksGateway?: true;
  /** smallest MTU of the members' uplinks, if the file has one */
  readonly uplinkMtu?: number;
}

/** Gateway with several members that a node chooses among: it uses one at a time, or spreads connections over all. */
export interface FailoverGateway {
  readonly name: string;
  /** connections are spread; absent: one member is used at a time */
  readonly balance?: true;
  /** connections stay with their member until it fails; absent: they move with every change */
  readonly drainsFlows?: true;
  /** most preferred first */
  readonly members: readonly FailoverMember[];
  /** addresses beyond the uplinks that probes ask; a family without one: the member's own address */
  readonly targets: readonly Address[];
  readonly policy: Policy;
  /** networks of this node that leave directly while no member works; absent: none */
  readonly leaveDirectly?: readonly string[];
}

export interface FailoverMember {
  readonly host: string;
  readonly addresses: readonly Address[];
  /** share of connections, where they are spread; absent: 1 */
  readonly weight?: number;
}

/** Gateway whose hosts exchange routes, with each other or with an upstream router. */
export interface RoutedGateway {
  readonly name: string;
  /** between nodes and members; absent: static routes */
  readonly sessions?: GatewayRouting;
  /** on a member: with the upstream router; absent: a static default */
  readonly uplink?: RoutedUplink;
  /** this host's own side */
  readonly side: 'node' | 'member';
  /** on a member: position among the members */
  readonly position?: number;
  /** on a node: subnets that it announces */
  readonly subnets: readonly Subnet[];
  /** on a node: the members, most preferred first; on a member: the nodes */
  readonly peers: readonly RoutingPeer[];
  /** on a member: an operator has drained it, and its routes are announced as the last choice */
  readonly drained?: true;
  /** on a member that hears them by OSPF; absent when there is none */
  readonly otherMembers?: readonly Pick<RoutingPeer, 'host' | 'addresses'>[];
}

export interface RoutedUplink {
  readonly device: string;
  readonly routing: UplinkRouting;
  /** what the upstream router hears: the subnets behind the gateway, or its SNAT addresses as subnets */
  readonly announced: readonly Subnet[];
  /** position among the members: the upstream router prefers the first, too */
  readonly position: number;
  /** the member is drained: the upstream router prefers the others */
  readonly drained?: true;
}

export interface RoutingPeer {
  readonly host: string;
  /** at most one for each family */
  readonly addresses: readonly Address[];
  /** on a member: all that is accepted from the node */
  readonly subnets: readonly Subnet[];
}

/** Container on this host whose port a gateway publishes. */
export interface InboundPort extends Pick<PublishedPort, 'proto' | 'to' | 'toPort'> {
  /** members of the gateway, by which connections come in */
  readonly from: readonly Address[];
}

/** Routes of each family, most specific first, and the members of their gateways. */
export interface Routes {
  readonly selectors: Readonly<Record<Family, readonly RankedSelector[]>>;
  /** gateway -> addresses of its members, most preferred first, both families */
  readonly nextHops: Readonly<Record<string, readonly Address[]>>;
}

/** Gateway of which this host is a member. */
export interface MemberGateway {
  readonly name: string;
  readonly uplink: Uplink;
  readonly snat: Snat;
  /** TCP connections that its source NAT does not know are reset */
  readonly resetsFlows?: true;
  /** its nodes choose among several members, and ask each whether it is drained; absent: another one, or nobody, chooses */
  readonly chosenByNodes?: true;
  /** flows of served subnets are logged */
  readonly flowLog?: FlowLogLimits;
  /** ports of the uplink that lead to containers of served subnets */
  readonly publish?: readonly PublishedPort[];
  readonly served: readonly ServedSubnet[];
}

/** Subnet whose packets the gateway receives, and the node behind which it is. */
export interface ServedSubnet {
  readonly network: string;
  readonly node: string;
  readonly subnet: Subnet;
  /** address of the node in the subnet's family: next hop of replies */
  readonly nodeAddress: Address;
  /** when this host is a member of several gateways of the network: packets that leave by this gateway */
  readonly routes?: readonly RankedSelector[];
  /** whether only packets of `routes` leave by this gateway */
  readonly onlyRoutes?: boolean;
}
