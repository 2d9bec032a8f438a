/** Validated and complete file: names are unique, references exist, addresses are canonical. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { engineNames } from './engine-names.ts';

/** Engine of a network. */
export type EngineName = (typeof engineNames)[number];

export interface Spec {
  /** host name -> its addresses, one per family */
  readonly hosts: Readonly<Record<string, readonly Address[]>>;
  readonly networks: Readonly<Record<string, Network>>;
  readonly gateways: Readonly<Record<string, Gateway>>;
  /** networks that join by their label; absent: only those of the file are redirected */
  readonly discover?: Discover;
}

/** Networks that join by their label. */
export interface Discover {
  /** node -> subnets that its labelled networks lie in, of both families */
  readonly pools: Readonly<Record<string, readonly Subnet[]>>;
  /** gateways that a label may name */
  readonly gateways: readonly string[];
  /** what is in a pool and not redirected is closed, or keeps the routing of its node */
  readonly unlabelled: 'leave' | 'block';
}

export interface Network {
  readonly engine: EngineName;
  /** node -> subnets of the network there, one per family */
  readonly subnets: Readonly<Record<string, readonly Subnet[]>>;
  /** name of the gateway */
  readonly via: string;
  /** destinations that use the host's own routing */
  readonly direct: readonly Subnet[];
  /**
   * recipient of DNS queries: `gateway`, a name server on the gateway; addresses, one for each family of the subnets;
   * absent: the engine's choice
   */
  readonly dns?: 'gateway' | readonly Address[];
  /** while no member of the gateway works, traffic leaves by the host's own routing; absent: it is blocked */
  readonly whenDown?: 'direct';
  /** traffic with another gateway, in the order of the file; never an empty list */
  readonly routes?: readonly NetworkRoute[];
  /** blocked families; never all that the network has subnets of */
  readonly blocked: readonly Family[];
  /** device name of its bridge, with engine external only */
  readonly bridge?: string;
  /** if the engine drops replies from the gateway, a rule of ours accepts them */
  readonly acceptReplies?: true;
  /** its label has it redirected, not the file */
  readonly byLabel?: true;
}

/** first and last port, inclusive */
export type Ports = readonly [number, number];

export const routeProtocols = ['tcp', 'udp', 'icmp'] as const;
/** `icmp` means ICMP of either family */
export type RouteProtocol = (typeof routeProtocols)[number];

/** Packets of a network that use another gateway. */
export interface NetworkRoute {
  /** destinations; empty: all */
  readonly to: readonly Subnet[];
  readonly proto?: RouteProtocol;
  /** destination ports of tcp or udp; empty: all */
  readonly ports: readonly Ports[];
  /** name of a gateway, or `direct`: the host's own routing */
  readonly via: string;
}

export interface Gateway {
  /** in order of preference, at least one */
  readonly members: readonly Member[];
  /** connections are spread over all members; absent: all traffic leaves by one */
  readonly mode?: 'balance';
  readonly snat: Snat;
  /** ports of the uplink that lead to containers; never an empty list */
  readonly publish?: readonly PublishedPort[];
  /** nodes and members exchange routes; absent: static routes to one member */
  readonly routing?: GatewayRouting;
  /** how nodes judge its members; absent: they use the first one */
  readonly check?: MemberCheck;
  /** milliseconds for which a preferred member has to work before it is used again; absent: 30 s */
  readonly failback?: number | 'manual';
  /**
   * TCP connections that a member with source NAT does not know: absent or `keep`: they are translated anew; otherwise
   * reset. `drain`: connections stay with their member until it fails
   */
  readonly flows?: 'keep' | 'reset' | 'drain';
  /** its members log flows; absent: they do not */
  readonly flowLog?: FlowLogLimits;
  /** routing table number; absent: allocated */
  readonly table?: number;
  /** fwmark; absent: allocated */
  readonly mark?: number;
}

/** How much of a flow log each member keeps. */
export interface FlowLogLimits {
  /** bytes on disk */
  readonly size: number;
  /** milliseconds */
  readonly age: number;
}

/** Routing protocol between the nodes and the members of a gateway. */
export type GatewayRouting = BgpRouting | OspfRouting;

export interface OspfRouting {
  readonly protocol: 'ospf';
  /** seconds */
  readonly hello: number;
  readonly dead: number;
  /** path; the password itself is in no object */
  readonly passwordFile?: string;
  readonly bfd?: Bfd;
}

export interface BgpRouting {
  readonly protocol: 'bgp';
  /** TCP port of both ends */
  readonly port: number;
  readonly bfd?: Bfd;
}

export interface Bfd {
  /** milliseconds between two packets */
  readonly interval: number;
  /** missing packets until the neighbour counts as down */
  readonly multiplier: number;
}

/** Probes through each member. */
export interface MemberCheck {
  /** addresses beyond the uplinks; absent: the members' own addresses */
  readonly targets?: readonly Address[];
  /** milliseconds */
  readonly interval: number;
  readonly fall: number;
  readonly rise: number;
}

export interface PublishedPort {
  readonly port: number;
  readonly proto: 'tcp' | 'udp';
  /** address and port of a container */
  readonly to: Address;
  readonly toPort: number;
}

export interface Member {
  readonly host: string;
  /** share of connections, in proportion to that of the others; absent: 1 */
  readonly weight?: number;
  readonly uplink: Uplink;
}

export interface Uplink {
  readonly device: string;
  /** next hops on a link with neighbours: one per family, never an empty list */
  readonly via?: readonly Address[];
  /** MTU in bytes, which nodes cannot read from the link */
  readonly mtu?: number;
  /** the device is a tunnel that we make */
  readonly tunnel?: TunnelSpec;
  /** routes come from the upstream router; absent: a static default */
  readonly routing?: UplinkRouting;
  /** addresses of the tunnel with prefix length */
  readonly addresses?: readonly string[];
}

/** Routing protocol between a member and its upstream router. */
export type UplinkRouting = UplinkBgp | UplinkOspf;

interface UplinkRoutingCommon {
  /** path; the password itself is in no object */
  readonly passwordFile?: string;
  readonly bfd?: Bfd;
}

export interface UplinkBgp extends UplinkRoutingCommon {
  readonly protocol: 'bgp';
  readonly as: number;
  readonly peerAs: number;
  /** one per family, never an empty list; the next hops of the uplink are the same */
  readonly neighbors: readonly Address[];
}

export interface UplinkOspf extends UplinkRoutingCommon {
  readonly protocol: 'ospf';
  readonly area: number;
  /** seconds */
  readonly hello: number;
  readonly dead: number;
  readonly cost: number;
}

export type TunnelSpec = IpTunnelSpec | WireguardSpec;

/** Both ends have the same family, that of the outer packets. */
export interface IpTunnelSpec {
  readonly type: 'gre' | 'ipip';
  readonly local: Address;
  readonly remote: Address;
  /** of GRE only */
  readonly key?: number;
  readonly ttl: number;
}

export interface WireguardSpec {
  readonly type: 'wireguard';
  /** path; the key itself is in no object */
  readonly privateKeyFile: string;
  /** path, like the private key's; absent: the ends share no key */
  readonly presharedKeyFile?: string;
  /** public key of the far end */
  readonly peer: string;
  /** address and UDP port of the far end */
  readonly remote: Address;
  readonly remotePort: number;
  /** UDP port of this end; absent: chosen by the kernel */
  readonly listenPort?: number;
  /** seconds */
  readonly keepalive?: number;
}

/** `masquerade`: the uplink's address; `none`: the container's own; addresses: the one of the packet's family. */
export type Snat = 'masquerade' | 'none' | readonly Address[];
