/** State of the fake host: the parts of a Linux host that mustredirect reads and changes. */
import type { Family } from '../../src/address/cidr.ts';

export interface FakeState {
  links: readonly FakeLink[];
  /** in the order of the kernel's lookup within a family */
  rules: readonly FakeRule[];
  /** without routes that the kernel adds for addresses: see `allRoutes` */
  routes: readonly FakeRoute[];
  /** xfrm policies of direction fwd */
  policies: readonly FakePolicy[];
  /** table `inet mustredirect` */
  nft: FakeTable | undefined;
  /** path -> value, /proc/sys */
  sysctls: ReadonlyMap<string, string>;
  /** path -> content, other files */
  files: ReadonlyMap<string, string>;
  /** flows in conntrack: `10.89.4.7`, or `10.89.4.7 1.1.1.1` when the destination matters */
  flows: readonly string[];
  podman: FakePodman | undefined;
  docker: FakeDocker | undefined;
  /** chains of iptables: family, table and name -> rules as `iptables-save` prints them */
  iptables: ReadonlyMap<string, readonly string[]>;
  /** configuration that our routing daemon runs with; absent: it does not run */
  bird?: string | undefined;
  /** it will go back to its former configuration */
  birdUnconfirmed?: boolean;
  /** TCP port -> the line of `ss` about it; absent: all are free */
  tcpPorts?: ReadonlyMap<number, string>;
  /** UDP port -> the line of `ss` about it */
  udpPorts: ReadonlyMap<number, string>;
  /** programs that are not installed */
  missing: readonly string[];
}

export interface FakeLink {
  readonly name: string;
  readonly up: boolean;
  /** `192.168.50.10/24`; IPv6 link-local addresses only when a test adds them */
  readonly addresses: readonly string[];
  /** tunnel: no link-layer addresses, no neighbours */
  readonly pointToPoint: boolean;
  /** default: 1500 */
  readonly mtu?: number | undefined;
  /** link group; default: 0 */
  readonly group?: string | undefined;
  readonly alias?: string | undefined;
  readonly tunnel?: FakeTunnel | undefined;
}

export type FakeTunnel = FakeIpTunnel | FakeWireguard;

export interface FakeWireguard {
  readonly type: 'wireguard';
  readonly publicKey?: string | undefined;
  readonly port: number;
  /** by public key, sorted */
  readonly peers: Readonly<Record<string, FakePeer>>;
}

export interface FakePeer {
  readonly endpoint?: string;
  readonly allowedIps: readonly string[];
  readonly keepalive?: string;
  readonly presharedKey?: string | undefined;
}

export interface FakeIpTunnel {
  readonly type: 'gre' | 'ip6gre' | 'sit' | 'ip6tnl';
  readonly local: string;
  readonly remote: string;
  readonly key?: number;
  readonly ttl: number;
}

export interface FakeRule {
  /** default: 4 */
  readonly family?: Family | undefined;
  readonly preference: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly fwmark?: { readonly value: number; readonly mask: number } | undefined;
  /** device by which a packet comes in */
  readonly iif?: string | undefined;
  /** protocol number */
  readonly ipproto?: number | undefined;
  /** `25` or `8000-8100` */
  readonly dport?: string | undefined;
  readonly action:
    | { readonly kind: 'lookup'; readonly table: number; readonly suppress?: number }
    | { readonly kind: 'goto'; readonly preference: number }
    | { readonly kind: 'blackhole' | 'prohibit' | 'unreachable' | 'nop' };
  /** 0 when the creator sets none */
  readonly protocol: number;
}

/** Policy for packets forwarded from a source, with all bits of a mark. */
export interface FakePolicy {
  readonly source: string;
  readonly priority: number;
  readonly action: 'allow' | 'block';
  /** 0: any mark */
  readonly mark: number;
}

export interface FakeRoute {
  /** default: 4 */
  readonly family?: Family | undefined;
  readonly type: 'unicast' | 'unreachable' | 'local' | 'broadcast' | 'multicast';
  readonly table: number;
  /** `default` or a subnet, `/32` and `/128` included */
  readonly destination: string;
  readonly metric: number;
  readonly via?: string | undefined;
  readonly device?: string | undefined;
  readonly protocol: number;
}

export interface FakeTable {
  /** its chains are not attached to hooks */
  readonly dormant?: boolean;
  readonly sets: ReadonlyMap<string, FakeSet>;
  readonly chains: ReadonlyMap<string, FakeChain>;
}

export interface FakeSet {
  readonly type: readonly string[];
  readonly counted: boolean;
  /** elements are single values, no intervals */
  readonly exact?: true;
  /** filled by packets */
  readonly dynamic?: true;
  /** verdict map: each element leads to a chain */
  readonly verdicts?: true;
  readonly elements: readonly string[];
}

export interface FakeChain {
  /** absent for a chain that is only reached by jump or goto */
  readonly hook?: FakeHook | undefined;
  readonly rules: readonly string[];
}

export interface FakeHook {
  readonly type: string;
  readonly hook: string;
  readonly priority: number;
  /** default: accept */
  readonly policy?: 'drop';
}

export interface FakePodman {
  readonly backend: 'cni' | 'netavark';
  readonly containers: readonly FakeContainer[];
}

export interface FakeDocker {
  readonly version: string;
  readonly networks: readonly FakeDockerNetwork[];
  readonly containers: readonly FakeContainer[];
}

export interface FakeDockerNetwork {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FakeContainer {
  readonly name: string;
  readonly running: boolean;
  readonly networks: readonly string[];
}

export const mainTable = 254;
export const localTable = 255;

/** Throws for a request that the fake host does not know, instead of guessing. */
export function unknownToFake(what: string): never {
  throw new Error(`the fake host does not know: ${what}`);
}
