/** Facts about a host, read once per run and passed to the pure core. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Verdicts } from '../health/verdict.ts';
import type { Ledger } from './ledger.ts';
import type { HostObject } from '../kinds/index.ts';
import type { IpTunnel, Wireguard } from '../kinds/tunnel/schema.ts';

export interface Facts {
  readonly links: readonly Link[];
  /** foreign rules */
  readonly foreignRules: readonly ForeignRule[];
  /** foreign unicast routes of table main, without default routes and those with link-local destinations */
  readonly foreignRoutes: readonly ForeignRoute[];
  /** next hops of foreign default routes of table main, sorted; without those from router advertisements */
  readonly defaultHops: readonly Hop[];
  /** devices with a default route of table main from a router advertisement, sorted */
  readonly routerAdvertisedDefaults: readonly string[];
  /**
   * device -> `accept_ra`, for those devices and links with advertised addresses: with 1, a device that starts
   * forwarding IPv6 loses the route at once, and accepts no new one; with 2 it keeps the route
   */
  readonly acceptRa: Readonly<Record<string, string>>;
  /** tables with foreign routes */
  readonly usedTables: readonly number[];
  /** tables with a name in iproute2's rt_tables, with or without routes */
  readonly namedTables: readonly number[];
  /** chains of foreign nft tables, including those of iptables: some identify their program */
  readonly foreignChains: readonly ForeignChain[];
  /** foreign base chains in hook forward with policy drop */
  readonly forwardFilters: readonly ForwardFilter[];
  /** families whose filter table has chain DOCKER-USER, which Docker reserves for rules of others */
  readonly dockerUser?: readonly Family[];
  /** address of the far end of a tunnel of the file -> the route to it */
  readonly outerRoutes?: Readonly<Record<Address, OuterRoute>>;
  /** modules that the tunnels of the file may need, and the kernel does not have */
  readonly missingModules?: readonly string[];
  /** programs that the tunnels of the file need, and this host does not have */
  readonly missingPrograms?: readonly string[];
  /** path of a private key of the file -> the public key that belongs to it, or why there is none */
  readonly keyFiles?: Readonly<Record<string, KeyFile>>;
  /** path of a preshared key of the file -> its digest, or why there is none */
  readonly presharedKeyFiles?: Readonly<Record<string, PresharedKeyFile>>;
  /** UDP port that a tunnel of the file listens on -> who has it: `nc (process 4711)` */
  readonly takenPorts?: Readonly<Record<number, string>>;
  /** password file of the file that cannot be used -> why */
  readonly passwordFiles?: Readonly<Record<string, { readonly error: string; readonly hint: string }>>;
  /** what keeps our routing daemon from starting; absent when it runs, or is not needed */
  readonly routing?: RoutingFacts;
  /** name -> value: forwarding of each family of the kernel, and sysctls that it changes along with it */
  readonly sysctls: Readonly<Record<string, string>>;
  /** bridged IPv6 packets pass the firewall: br_netfilter */
  readonly bridgeFilter6?: boolean;
  /** conntrack takes only SYN for the begin of a TCP connection; by default, it takes any packet */
  readonly strictTcp?: boolean;
  /** one for each network of this host in the file */
  readonly networks: readonly NetworkFacts[];
  /** engines that failed or were not queried, and why: their networks are kept unchanged */
  readonly unreadEngines?: Readonly<Partial<Record<EngineName, UnreadEngine>>>;
  /** the agent's verdicts on the members of gateways; absent: first members are used */
  readonly verdicts?: Verdicts;
  /** an operator has taken this host out of use as a member, on the host itself; absent: not */
  readonly drained?: true;
  /** id of the agent that runs here; absent: none, or nothing of the file depends on it */
  readonly agent?: string;
  /** a gateway of this host has a flow log, and socat, which the agent needs for it, is not installed */
  readonly socatMissing?: true;
  readonly ledger: Ledger;
  /** whether the kernel supports xfrm policies */
  readonly xfrm: boolean;
  /** our own objects, as the host has them */
  readonly owned: readonly HostObject[];
}

export interface RoutingFacts {
  /** BIRD is installed */
  readonly installed: boolean;
  /** `tcp 192.168.50.10:1790` of the file -> who has it: `nc (process 4711)` */
  readonly takenPorts: Readonly<Record<string, string>>;
}

export interface UnreadEngine {
  readonly why: string;
  readonly hint?: string;
}

/** Facts without our own objects, which do not affect the desired state. */
export type ForeignFacts = Omit<Facts, 'owned'>;

export interface Link {
  readonly name: string;
  readonly index: number;
  /** whether its neighbours have link-layer addresses */
  readonly ethernet: boolean;
  /** administratively down; a link without carrier is not down */
  readonly down?: true;
  /** up, but not connected: a bridge without a running container, a cable that is not plugged in */
  readonly noCarrier?: true;
  /** name of the bridge, bond or VRF that it belongs to */
  readonly master?: string;
  /** parent link of a VLAN or macvlan: it carries the same packet once more */
  readonly parent?: string;
  /** other end of a veth, when it is in this network namespace, too */
  readonly pair?: string;
  /** id that this namespace has for the namespace of a veth's other end */
  readonly peerNamespace?: number;
  /** for a tunnel that accepts packets from any sender: nft expression that matches them */
  readonly openTunnel?: string;
  /** ends of a tunnel of a kind that we make, too */
  readonly tunnel?: TunnelEnds;
  /** we have made it: a tunnel in our link group */
  readonly ours?: true;
  /** MTU in bytes */
  readonly mtu?: number;
  /** kind in `ip -d link`: bridge, veth, gre ... */
  readonly type?: string;
  /** addresses with prefix length: `192.168.50.10/24` */
  readonly addresses: readonly string[];
  /** addresses from router advertisements: any host on the link may send one */
  readonly advertised?: readonly string[];
  /** peer addresses of point-to-point links, with prefix length */
  readonly peers?: readonly string[];
}

export type KeyFile = { readonly publicKey: string } | KeyFileFault;
export type PresharedKeyFile = { /** hexadecimal */ readonly digest: string } | KeyFileFault;

interface KeyFileFault {
  readonly error: string;
  /** what to do */
  readonly hint: string;
}

export type TunnelEnds = IpTunnelEnds | WireguardEnds;

export type WireguardEnds = Pick<
  Wireguard,
  'type' | 'privateKeyFile' | 'presharedKeyFile' | 'publicKey' | 'listenPort' | 'peers'
>;

export interface IpTunnelEnds {
  readonly type: IpTunnel['type'];
  readonly local: Address;
  readonly remote: Address;
  readonly key?: number;
  readonly ttl: number;
}

/** Route of the host itself to the far end of a tunnel, or why there is none. */
export type OuterRoute =
  | { readonly device: string; /** MTU of the route, if it has one */ readonly mtu?: number }
  | { readonly error: string };

/** Router on a link: IPv6 routers on different links may have the same address. */
export interface Hop {
  readonly via: Address;
  readonly device: string;
}

export interface ForeignRoute {
  readonly destination: Subnet;
  /** the first one of several next hops */
  readonly via?: Address;
  readonly device?: string;
}

export interface ForeignRule {
  readonly family: Family;
  readonly preference: number;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  readonly table?: number;
}

export interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** Base chain with policy drop. */
export interface ForwardFilter {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** all chains of the table, with their rules that can accept a packet */
  readonly chains: ReadonlyMap<string, readonly FilterRule[]>;
}

export interface FilterRule {
  /** conditions that we understand; the rule may have more */
  readonly conditions: readonly FilterCondition[];
  readonly verdict: { readonly kind: 'accept' } | { readonly kind: 'call'; readonly chain: string };
}

export interface FilterCondition {
  /** device, subnet, conntrack state, or number of the IP protocol */
  readonly field: 'in' | 'out' | 'from' | 'to' | 'state' | 'proto';
  /** alternatives; for a device, `eth*` matches a prefix */
  readonly values: readonly string[];
  readonly negated: boolean;
}

/** Facts of an engine about one network of the file. */
export interface NetworkFacts {
  readonly engine: EngineName;
  readonly name: string;
  /** engine and version, for messages: `podman 4.3.1 with cni` */
  readonly backend: string;
  readonly exists: boolean;
  /** why the network is missing, when we cannot create it */
  readonly missing?: { readonly what: string; readonly hint: string };
  /** why the network cannot be redirected: it is internal, or has no bridge */
  readonly unusable?: { readonly what: string; readonly hint: string };
  /** it carries the label of networks that we create */
  readonly ours?: boolean;
  /**
   * packets that leave by the host's own routing are masqueraded, even without a setting for it: the engine masquerades
   * the network, or would if we had not created it without masquerade
   */
  readonly masqueraded?: true;
  /** subnets in the engine; empty when the network is missing or its packets bypass this host */
  readonly subnets: readonly Subnet[];
  /** bridge that the engine uses or will use, if known */
  readonly bridge?: string;
  /** MTU in bytes that is configured in the engine */
  readonly mtu?: number;
  /**
   * name server of the engine on the network's own addresses, which sends queries from this host; `upstreams`: servers
   * that it queries, when they differ from the host's
   */
  readonly nameServer?: { readonly upstreams: readonly Address[] };
  /** the engine sends DNS queries of its containers with this host's address, although it listens inside them */
  readonly resolvesOnHost?: true;
  /** masquerade setting of the engine, a key of a JSON file; absent when it has none */
  readonly masquerade?: { readonly file: string; readonly setting: string; readonly enabled: boolean };
  /** the engine drops packets from the gateway to containers, including replies; absent when it does not */
  readonly dropsReplies?: DropsReplies;
  /** commands of the engine, for messages: `reload` applies changed settings to running containers */
  readonly commands?: { readonly remove: string; readonly reload?: string };
  /** containers with this network in their configuration, running or not */
  readonly attached: readonly AttachedContainer[];
}

export interface DropsReplies {
  readonly families: readonly Family[];
  /** devices from which it accepts them nevertheless */
  readonly trusted: readonly string[];
  /** it drops in iptables, where our rule can precede its own; in nft, a drop is final */
  readonly iptables: boolean;
  /** commands that recreate the network; `DEVICES` stands for the trusted devices, separated by colons */
  readonly remake: readonly string[];
}

export interface AttachedContainer {
  readonly name: string;
  readonly running: boolean;
  /** first process of the container; 0 or absent when it does not run */
  readonly pid?: number;
  readonly addresses?: readonly Address[];
  /** some of its ports are published on the host's addresses */
  readonly publishes?: true;
  /** names of all its networks, when it is in several */
  readonly networks?: readonly string[];
}
