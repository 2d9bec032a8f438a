/** The checked and complete file: names are unique, references exist, addresses are canonical. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { engineNames } from './engine-names.ts';

/** What made a network. */
export type EngineName = (typeof engineNames)[number];

export interface Spec {
  /** host name -> its addresses, one per family */
  readonly hosts: Readonly<Record<string, readonly Address[]>>;
  readonly networks: Readonly<Record<string, Network>>;
  readonly gateways: Readonly<Record<string, Gateway>>;
}

export interface Network {
  readonly engine: EngineName;
  /** node -> the subnets that the network has there, one per family */
  readonly subnets: Readonly<Record<string, readonly Subnet[]>>;
  /** name of the gateway */
  readonly via: string;
  /** destinations that keep the host's own routing */
  readonly direct: readonly Subnet[];
  /**
   * who gets the questions for names: `gateway`, a name server on the gateway itself; addresses, one for each family of the
   * subnets; when absent, whoever the engine asks
   */
  readonly dns?: 'gateway' | readonly Address[];
  /** what goes another way than the rest, in the order of the file; never an empty list */
  readonly routes?: readonly NetworkRoute[];
  /** families that go nowhere; never all that it has subnets of */
  readonly blocked: readonly Family[];
  /** device name of its bridge, of engine external only */
  readonly bridge?: string;
  /** answers from the gateway are let in by a rule of ours, where the engine would drop them */
  readonly acceptReplies?: true;
}

/** first and last, both included */
export type Ports = readonly [number, number];

export const routeProtocols = ['tcp', 'udp', 'icmp'] as const;
/** `icmp` is that of either family */
export type RouteProtocol = (typeof routeProtocols)[number];

/** Packets of a network that go another way than by its gateway. */
export interface NetworkRoute {
  /** destinations; none: all of them */
  readonly to: readonly Subnet[];
  readonly proto?: RouteProtocol;
  /** destination ports, of tcp or udp; none: all of them */
  readonly ports: readonly Ports[];
  /** name of a gateway, or `direct`: the host's own routing */
  readonly via: string;
}

export interface Gateway {
  /** in order of preference, at least one */
  readonly members: readonly Member[];
  readonly snat: Snat;
  /** ports of the uplink that lead to containers; never an empty list */
  readonly publish?: readonly PublishedPort[];
  /** routing table number, chosen when absent */
  readonly table?: number;
  /** fwmark, chosen when absent */
  readonly mark?: number;
}

export interface PublishedPort {
  readonly port: number;
  readonly proto: 'tcp' | 'udp';
  /** a container's address, and its port */
  readonly to: Address;
  readonly toPort: number;
}

export interface Member {
  readonly host: string;
  readonly uplink: Uplink;
}

export interface Uplink {
  readonly device: string;
  /** next hops, on a link with neighbours: one per family, never an empty list */
  readonly via?: readonly Address[];
  /** bytes of the largest packet that it takes, for the nodes, which cannot see it */
  readonly mtu?: number;
}

/** `masquerade`: the uplink's address; `none`: the container's own; addresses: that of the packet's family. */
export type Snat = 'masquerade' | 'none' | readonly Address[];
