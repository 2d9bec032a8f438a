/** What the fake host keeps: the part of a Linux host that mustredirect reads and changes. */
import type { Family } from '../../src/address/cidr.ts';

export interface FakeState {
  links: readonly FakeLink[];
  /** in the order in which the kernel walks those of a family */
  rules: readonly FakeRule[];
  /** without those that the kernel makes of addresses: see `allRoutes` */
  routes: readonly FakeRoute[];
  /** xfrm policies about what is forwarded */
  policies: readonly FakePolicy[];
  /** table `inet mustredirect` */
  nft: FakeTable | undefined;
  /** path -> value, /proc/sys */
  sysctls: ReadonlyMap<string, string>;
  /** path -> content, everything else */
  files: ReadonlyMap<string, string>;
  /** the flows that conntrack knows: `10.89.4.7`, or `10.89.4.7 1.1.1.1` where it matters to whom they go */
  flows: readonly string[];
  podman: FakePodman | undefined;
  docker: FakeDocker | undefined;
  /** chains of iptables that are there: family, table and name -> rules as `iptables-save` prints them */
  iptables: ReadonlyMap<string, readonly string[]>;
}

export interface FakeLink {
  readonly name: string;
  readonly up: boolean;
  /** `192.168.50.10/24`; of IPv6, those of the link itself are among them only when a test says so */
  readonly addresses: readonly string[];
  /** no link-layer addresses, no neighbours: a tunnel */
  readonly pointToPoint: boolean;
  /** default: 1500 */
  readonly mtu?: number | undefined;
}

export interface FakeRule {
  /** default: 4 */
  readonly family?: Family | undefined;
  readonly preference: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly fwmark?: { readonly value: number; readonly mask: number } | undefined;
  /** device that a packet comes in by */
  readonly iif?: string | undefined;
  /** number of the protocol */
  readonly ipproto?: number | undefined;
  /** `25` or `8000-8100` */
  readonly dport?: string | undefined;
  readonly action:
    | { readonly kind: 'lookup'; readonly table: number; readonly suppress?: number }
    | { readonly kind: 'goto'; readonly preference: number }
    | { readonly kind: 'blackhole' | 'prohibit' | 'unreachable' | 'nop' };
  /** 0 when the one who made it did not say */
  readonly protocol: number;
}

/** About what is forwarded from there with all bits of the mark. */
export interface FakePolicy {
  readonly source: string;
  readonly priority: number;
  readonly action: 'allow' | 'block';
  /** 0: whatever mark it has */
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
  /** its chains are attached to no hook */
  readonly dormant?: boolean;
  readonly sets: ReadonlyMap<string, FakeSet>;
  readonly chains: ReadonlyMap<string, FakeChain>;
}

export interface FakeSet {
  readonly type: readonly string[];
  readonly counted: boolean;
  /** of whole values alone: no intervals */
  readonly exact?: true;
  /** filled by packets */
  readonly dynamic?: true;
  /** a map: each element leads to a chain */
  readonly verdicts?: true;
  readonly elements: readonly string[];
}

export interface FakeChain {
  /** nothing for a chain that is only jumped to */
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

/** What a program is answered with when the fake host does not know what it was asked: never a guess. */
export function unknownToFake(what: string): never {
  throw new Error(`the fake host does not know: ${what}`);
}
