/** Who is who: what one host of the file has to do, seen from that host. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { RankedSelector } from '../spec/route-order.ts';
import type { EngineName, PublishedPort, Snat, Uplink } from '../spec/spec.ts';

/** What one host is: a node of some networks, a member of some gateways, both, or neither. */
export interface HostRole {
  readonly host: string;
  readonly addresses: readonly Address[];
  readonly networks: readonly NodeNetwork[];
  readonly gateways: readonly MemberGateway[];
  /**
   * on a member: redirected subnets that are neither here nor served here, blocked ones among them. A node
   * that was not told yet may still send them: they must not leave by this host's own default route.
   */
  readonly others?: readonly Subnet[];
}

/** A network whose containers run on this host. */
export interface NodeNetwork {
  readonly name: string;
  readonly engine: EngineName;
  /** all of them, those of blocked families too */
  readonly subnets: readonly Subnet[];
  readonly direct: readonly Subnet[];
  /** what goes another way, direct destinations among it; absent when the file has no routes */
  readonly routes?: Routes;
  /** families that go nowhere, whether the file has a subnet of them or only the engine */
  readonly blocked: readonly Family[];
  /** device name of its bridge, where the file says it */
  readonly bridge?: string;
  /** where the engine would drop answers from the gateway, a rule of ours lets them in */
  readonly acceptReplies?: true;
  readonly gateway: string;
  /** the members' addresses, most preferred first, both families */
  readonly nextHops: readonly Address[];
  /** absent where no gateway publishes a port of it */
  readonly called?: readonly Called[];
  /** the name servers that get its questions, one for each family; absent where the engine's own do */
  readonly nameServers?: readonly Address[];
  /** the smallest of the members' uplinks, where the file says it */
  readonly uplinkMtu?: number;
}

/** A container here that a gateway lets the outside call. */
export interface Called extends Pick<PublishedPort, 'proto' | 'to' | 'toPort'> {
  /** the gateway's members, by which calls come in */
  readonly from: readonly Address[];
}

/** Most specific first, per family, and the members of the gateways that they lead to. */
export interface Routes {
  readonly selectors: Readonly<Record<Family, readonly RankedSelector[]>>;
  /** gateway -> its members' addresses, most preferred first, both families */
  readonly nextHops: Readonly<Record<string, readonly Address[]>>;
}

/** A gateway of which this host is a member. */
export interface MemberGateway {
  readonly name: string;
  readonly uplink: Uplink;
  readonly snat: Snat;
  /** ports of the uplink that lead to containers of served subnets */
  readonly publish?: readonly PublishedPort[];
  readonly served: readonly ServedSubnet[];
}

/** A subnet that the gateway gets packets from, and the node that it lies behind. */
export interface ServedSubnet {
  readonly network: string;
  readonly node: string;
  readonly subnet: Subnet;
  /** the node's address of the subnet's family, the next hop of the way back */
  readonly nodeAddress: Address;
  /** where this host is several of the network's gateways: what leaves by this one, whatever else does */
  readonly routes?: readonly RankedSelector[];
  /** only those leave by it */
  readonly onlyRoutes?: boolean;
}
