/** What a host told us, read once per run and handed to the pure core. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Ledger } from './ledger.ts';
import type { HostObject } from '../kinds/index.ts';

export interface Facts {
  readonly links: readonly Link[];
  /** rules that are not ours */
  readonly foreignRules: readonly ForeignRule[];
  /** unicast routes of main that are not ours, without default ones and those of link-local addresses */
  readonly foreignRoutes: readonly ForeignRoute[];
  /** next hops of default routes of main that are not ours, sorted; without those that come and go with advertisements */
  readonly defaultHops: readonly Hop[];
  /** devices by which a router advertisement gave main a default route, sorted */
  readonly routerAdvertisedDefaults: readonly string[];
  /**
   * device -> `accept_ra`, of those and of links with advertised addresses: with 1, one that begins to forward IPv6 loses
   * the route at once, and takes no new one; with 2 it keeps it
   */
  readonly acceptRa: Readonly<Record<string, string>>;
  /** tables with routes that are not ours */
  readonly usedTables: readonly number[];
  /** tables that somebody gave a name in iproute2's rt_tables, with or without routes */
  readonly namedTables: readonly number[];
  /** chains of nft tables that are not ours, iptables' among them: some are known to be somebody's */
  readonly foreignChains: readonly ForeignChain[];
  /** base chains of others that stop what is forwarded, unless they accept it */
  readonly forwardFilters: readonly ForwardFilter[];
  /** families whose filter table has chain DOCKER-USER, where Docker leaves place for the rules of others */
  readonly dockerUser?: readonly Family[];
  /** name -> value: forwarding of each family that the kernel has, and what it changes along with it */
  readonly sysctls: Readonly<Record<string, string>>;
  /** what passes a bridge is shown to the firewall as IPv6: br_netfilter */
  readonly bridgeFilter6?: boolean;
  /** one for each network that this host has in the file */
  readonly networks: readonly NetworkFacts[];
  /** engines that could not be asked, or need not be, and why: what they hold stays as it is */
  readonly silentEngines?: Readonly<Partial<Record<EngineName, SilentEngine>>>;
  readonly ledger: Ledger;
  /** the kernel can block by xfrm policies */
  readonly xfrm: boolean;
  /** our own objects as the host has them */
  readonly owned: readonly HostObject[];
}

export interface SilentEngine {
  readonly why: string;
  readonly hint?: string;
}

/** Without what is ours: that does not change what is wanted. */
export type ForeignFacts = Omit<Facts, 'owned'>;

export interface Link {
  readonly name: string;
  readonly index: number;
  /** it has neighbours with link-layer addresses */
  readonly ethernet: boolean;
  /** somebody has switched it off, or nobody on; one that only lacks its carrier is not down */
  readonly down?: true;
  /** name of the bridge, bond or VRF that it belongs to */
  readonly master?: string;
  /** the link that a VLAN or macvlan sends through: the same packet is seen there once more */
  readonly parent?: string;
  /** the other end of a veth, where that is in this network namespace too */
  readonly pair?: string;
  /** the number that this namespace has for the one where the other end of a veth is */
  readonly peerNamespace?: number;
  /** of a tunnel that takes encapsulated packets from any sender: the nft expression that matches those */
  readonly openTunnel?: string;
  /** bytes of the largest IP packet that it sends in one piece */
  readonly mtu?: number;
  /** kind as `ip -d link` names it: bridge, veth, gre ... */
  readonly type?: string;
  /** addresses with their prefix length: `192.168.50.10/24` */
  readonly addresses: readonly string[];
  /** those of them that came with a router's advertisement: anybody on the link may send one */
  readonly advertised?: readonly string[];
  /** the same of the other ends of point-to-point links */
  readonly peers?: readonly string[];
}

/** A router on a link: of IPv6, it may have the same address as one on another link. */
export interface Hop {
  readonly via: Address;
  readonly device: string;
}

export interface ForeignRoute {
  readonly destination: Subnet;
  /** of several next hops, the first */
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

export interface ForwardFilter {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** all chains of the table, with those of their rules that can accept a packet */
  readonly chains: ReadonlyMap<string, readonly FilterRule[]>;
}

export interface FilterRule {
  /** those that are understood; there may be more */
  readonly conditions: readonly FilterCondition[];
  readonly verdict: { readonly kind: 'accept' } | { readonly kind: 'call'; readonly chain: string };
}

export interface FilterCondition {
  /** device, subnet or conntrack state */
  readonly field: 'in' | 'out' | 'from' | 'to' | 'state';
  /** one of them; of a device, `eth*` are all that begin so */
  readonly values: readonly string[];
  readonly negated: boolean;
}

/** What an engine says about one network of the file. */
export interface NetworkFacts {
  readonly engine: EngineName;
  readonly name: string;
  /** what exactly made it, for messages: `podman 4.3.1 with cni` */
  readonly backend: string;
  readonly exists: boolean;
  /** why the engine does not have it, where we cannot create it */
  readonly missing?: { readonly what: string; readonly hint: string };
  /** why it can never be redirected as it is: it is internal, or no bridge */
  readonly unfit?: { readonly what: string; readonly hint: string };
  /** it carries the label that we give to what we create */
  readonly ours?: boolean;
  /**
   * what leaves by the host's own routing has the host's address, also where no setting says so: the engine masquerades
   * it, or would, did we not create the network without that
   */
  readonly masqueraded?: true;
  /** as the engine has them; empty when the network does not exist, or its packets do not pass this host */
  readonly subnets: readonly Subnet[];
  /** the bridge that the engine uses or will use, when it is known */
  readonly bridge?: string;
  /** bytes of the largest IP packet that its containers send, where the engine was told */
  readonly mtu?: number;
  /**
   * a name server of the engine that answers on the network's own addresses, and asks others from this host;
   * `asks`: whom, where that is not what the host itself asks
   */
  readonly nameServer?: { readonly asks: readonly Address[] };
  /** the engine asks for its containers with this host's address, though it answers inside of them */
  readonly asksFromHost?: true;
  /** where the engine keeps its masquerade switch, a key of a JSON file; absent when it has none */
  readonly masquerade?: { readonly file: string; readonly setting: string; readonly enabled: boolean };
  /** what comes to the containers from the gateway, answers among it, is dropped by the engine; absent where it is not */
  readonly dropsAnswers?: DropsAnswers;
  /** the engine's own commands, for messages: `reload` gives running containers what has been set since */
  readonly commands?: { readonly remove: string; readonly reload?: string };
  /** containers that have the network in their configuration, running or not */
  readonly attached: readonly AttachedContainer[];
}

export interface DropsAnswers {
  readonly families: readonly Family[];
  /** devices by which it lets them in all the same */
  readonly trusted: readonly string[];
  /** it drops in iptables, where a rule of ours can come before its own; in nft a drop is final */
  readonly iptables: boolean;
  /** commands that make the network anew; `DEVICES` stands for those to be trusted, with colons between them */
  readonly remake: readonly string[];
}

export interface AttachedContainer {
  readonly name: string;
  readonly running: boolean;
  /** the container's first process, 0 or absent when it does not run */
  readonly pid?: number;
  readonly addresses?: readonly Address[];
  /** some of its ports are in reach at the host's addresses */
  readonly publishes?: true;
  /** names of all networks that it is in, when it is in others than this one too */
  readonly networks?: readonly string[];
}
