/**
 * The objects that we can own on a host, as plain data. Each has one key: two objects with the same key
 * are two versions of the same thing, and comparing two states is set arithmetic on keys.
 */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { EngineName } from '../spec/spec.ts';
import { mainTable } from './ownership.ts';

export type HostObject =
  Rule | Route | XfrmPolicy | NftSet | NftChain | IptablesRule | Sysctl | EngineNetwork | EngineMasquerade;

/**
 * An `ip rule` of ours. `prohibit` and `unreachable` answer with an ICMP error, `blackhole` drops silently, `goto` skips to another
 * preference, `suppress` takes routes of this prefix length and shorter for none.
 */
export interface Rule {
  readonly kind: 'rule';
  readonly family: Family;
  readonly preference: number;
  readonly from?: Subnet;
  readonly to?: Subnet;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  /** the device that a packet came in by; `lo`: it began here */
  readonly device?: string;
  /** number of the protocol */
  readonly protocol?: number;
  /** first and last destination port */
  readonly ports?: readonly [number, number];
  readonly action:
    | { readonly kind: 'lookup'; readonly table: number; readonly suppress?: number }
    | { readonly kind: 'goto'; readonly preference: number }
    | { readonly kind: 'blackhole' }
    | { readonly kind: 'prohibit' }
    | { readonly kind: 'unreachable' }
    | { readonly kind: 'nop' };
}

/** A route of ours. `destination` is `default` or a subnet. */
export interface Route {
  readonly kind: 'route';
  readonly family: Family;
  readonly table: number;
  readonly destination: 'default' | Subnet;
  readonly metric: number;
  readonly target:
    | { readonly kind: 'unreachable' }
    | { readonly kind: 'unicast'; readonly via?: Address; readonly device?: string };
}

/** An xfrm policy of ours about what is forwarded from a subnet: with a mark bit it may pass, all else is blocked. */
export interface XfrmPolicy {
  readonly kind: 'xfrm-policy';
  readonly family: Family;
  readonly from: Subnet;
  /** the mark bit that lets a packet pass; absent in the policy that blocks all else */
  readonly bit?: number;
}

/** A set, or a map of verdicts, of table `inet mustredirect`. Elements are nft text in canonical form, sorted. */
export interface NftSet {
  readonly kind: 'nft-set';
  readonly name: string;
  /** of whole values, found by their hash; else an element may be an interval */
  readonly exact?: true;
  /** filled by packets: what it holds is nobody's wish, and is none of its elements here */
  readonly dynamic?: true;
  /** each element leads to a chain: `10.89.4.0/24 : goto to4_office` */
  readonly verdicts?: true;
  /** the types of a concatenation: `['ipv4_addr', 'ifname']` */
  readonly type: readonly string[];
  /** each element counts the packets that matched it */
  readonly counted: boolean;
  readonly elements: readonly string[];
  /** what somebody gave it that no set of ours has, as nft says it: it must be made anew */
  readonly foreign?: readonly string[];
}

/** A chain of table `inet mustredirect`. Rules are nft text in canonical form, in order. */
export interface NftChain {
  readonly kind: 'nft-chain';
  readonly name: string;
  readonly hook?: {
    readonly type: 'filter' | 'nat' | 'route';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
    readonly priority: number;
    /** absent in ours: accept */
    readonly policy?: string;
  };
  readonly rules: readonly string[];
  /** what somebody added that is of no kind of ours, as nft says it: the chain must be made anew */
  readonly foreign?: readonly string[];
}

/**
 * A rule of ours in a chain of somebody else: what is dropped there, no accept of ours elsewhere lets pass. It comes
 * first in the chain, and has a comment by which it is recognised.
 */
export interface IptablesRule {
  readonly kind: 'iptables-rule';
  readonly family: Family;
  readonly table: 'filter' | 'raw';
  readonly chain: string;
  /** as `iptables-save` prints it, the comment left out: `['-s', '10.89.4.0/24', '-j', 'ACCEPT']` */
  readonly args: readonly string[];
  /** a rule that drops has come before it: it must be put first again */
  readonly late?: true;
}

export interface Sysctl {
  readonly kind: 'sysctl';
  /** dotted: `net.ipv4.ip_forward` */
  readonly name: string;
  readonly value: string;
  /**
   * settings that the kernel changes along with this one, and their values that belong to this value:
   * `ip_forward` also writes every device's `forwarding` and `all.accept_redirects`
   */
  readonly alongside?: Readonly<Record<string, string>>;
}

/** A container network that an engine holds. */
export interface EngineNetwork {
  readonly kind: 'engine-network';
  readonly engine: EngineName;
  readonly name: string;
  readonly subnets: readonly Subnet[];
  /** bytes of the largest IP packet, where it is not the engine's own choice */
  readonly mtu?: number;
  /** devices by which answers may come in, where the engine drops them otherwise */
  readonly trusted?: readonly string[];
}

/** Whether an engine masquerades what leaves a network, where that is a setting that we can change. */
export interface EngineMasquerade {
  readonly kind: 'engine-masquerade';
  readonly engine: EngineName;
  readonly network: string;
  /** the file that holds the setting, and the engine's word for it: `ipMasq` */
  readonly file: string;
  readonly setting: string;
  readonly enabled: boolean;
}

/** The one key of an object. */
export function objectKey(object: HostObject): string {
  switch (object.kind) {
    case 'rule':
      return `rule ${object.family} ${object.preference} ${ruleSelector(object)} ${ruleAction(object)}`;
    case 'route':
      return `route ${object.family} ${object.table} ${object.destination} ${object.metric}`;
    case 'xfrm-policy':
      return `xfrm-policy ${object.family} ${object.from} ${object.bit ?? 'block'}`;
    case 'iptables-rule':
      return `iptables-rule ${object.family} ${object.table} ${object.chain} ${object.args.join(' ')}`;
    case 'nft-set':
    case 'nft-chain':
    case 'sysctl':
      return `${object.kind} ${object.name}`;
    case 'engine-network':
      return `engine-network ${object.engine} ${object.name}`;
    case 'engine-masquerade':
      return `engine-masquerade ${object.engine} ${object.network}`;
  }
}

/** The selector of a rule as `ip rule` takes it: `from 10.89.4.0/24`. */
export function ruleSelector(rule: Rule): string {
  const parts: string[] = [];
  if (rule.from) parts.push(`from ${rule.from}`);
  if (rule.to) parts.push(`to ${rule.to}`);
  if (rule.fwmark) parts.push(`fwmark ${hex(rule.fwmark.value)}/${hex(rule.fwmark.mask)}`);
  if (rule.device !== undefined) parts.push(`iif ${rule.device}`);
  if (rule.protocol !== undefined) parts.push(`ipproto ${rule.protocol}`);
  if (rule.ports) parts.push(`dport ${rangeText(rule.ports)}`);
  return parts.length > 0 ? parts.join(' ') : 'from all';
}

/** `25` or `8000-8100`, for `ip` and nft alike. */
export function rangeText([first, last]: readonly [number, number]): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** Whether a rule sends packets out of here by a table of ours. */
export function isSteering({ action }: Rule): boolean {
  return action.kind === 'lookup' && action.table !== mainTable;
}

/** The action of a rule as `ip rule` takes it: `lookup 2184`. */
export function ruleAction({ action }: Rule): string {
  switch (action.kind) {
    case 'lookup':
      return action.suppress === undefined
        ? `lookup ${action.table}`
        : `lookup ${action.table} suppress_prefixlength ${action.suppress}`;
    case 'goto':
      return `goto ${action.preference}`;
    case 'blackhole':
    case 'prohibit':
    case 'unreachable':
    case 'nop':
      return action.kind;
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** As somebody types it: without a family, `ip` speaks of IPv4. */
export function ipCommand(family: Family): 'ip' | 'ip -6' {
  return family === 4 ? 'ip' : 'ip -6';
}
