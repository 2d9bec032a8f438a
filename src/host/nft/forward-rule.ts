/**
 * Rules of foreign tables, read from nft's text output: JSON has only the names of iptables matches (`-m conntrack`).
 * Rules that can accept a packet are kept, with their conditions on source and destination.
 */
import { parseAddress, parseSubnet, subnetOfAddress } from '../../address/cidr.ts';
import type { FilterCondition, FilterRule } from '../../state/facts.ts';

const states = new Set(['new', 'established', 'related', 'invalid', 'untracked']);

/** chain -> its rules, from output of `nft -s -t list table` */
export function filterChains(text: string): Map<string, readonly FilterRule[]> {
  const blocks = text.matchAll(/^\tchain (\S+) \{\n(.*?)^\t\}$/gms);
  return new Map(
    [...blocks].map(([, name = '', body = '']) => [
      name,
      body.split('\n').flatMap((line) => filterRule(line.trim()) ?? []),
    ]),
  );
}

/** Returns undefined for a rule that accepts no packets. */
function filterRule(line: string): FilterRule | undefined {
  const text = line.replaceAll(/ (?:comment|prefix) "[^"]*"/g, '');
  const verdict = verdictOf(text);
  return verdict && { conditions: conditionsOf(text), verdict };
}

/** A verdict that is not understood counts as accept. */
function verdictOf(text: string): FilterRule['verdict'] | undefined {
  if (/(?:^| )(?:accept|queue\b.*|.*\bvmap\b.*|xt target .*)$/.test(text)) return { kind: 'accept' };
  const chain = /(?:^| )(?:jump|goto) (\S+)$/.exec(text)?.[1];
  return chain === undefined ? undefined : { kind: 'call', chain };
}

/** Values of concatenated keys (`iifname . oifname { .. }`) are not understood. */
const condition =
  /\b(iifname|oifname|iif|oif|ip6? saddr|ip6? daddr|ct state|meta l4proto|ip protocol|ip6 nexthdr) (!=? )?("[^"]*"|\{[^{}]*\}|[\w.:/,-]+)(?= |$)/g;

const fields: Readonly<Record<string, FilterCondition['field']>> = {
  iifname: 'in',
  iif: 'in',
  oifname: 'out',
  oif: 'out',
  'ip saddr': 'from',
  'ip daddr': 'to',
  'ip6 saddr': 'from',
  'ip6 daddr': 'to',
  'ct state': 'state',
  'meta l4proto': 'proto',
  'ip protocol': 'proto',
  'ip6 nexthdr': 'proto',
};

/** Names of /etc/protocols, which nft prints. */
const protocols: Readonly<Record<string, string>> = {
  icmp: '1',
  igmp: '2',
  ipencap: '4',
  tcp: '6',
  udp: '17',
  ipv6: '41',
  gre: '47',
  esp: '50',
  ah: '51',
  'ipv6-icmp': '58',
  icmpv6: '58',
  ospf: '89',
  vrrp: '112',
  sctp: '132',
};

/** A field of a protocol says which it is: `tcp dport 22`. */
const ofProtocol = /\b(tcp|udp|sctp|icmp|icmpv6|igmp) (?:dport|sport|type|code|flags|option)\b/;

function impliedProtocol(text: string): FilterCondition[] {
  const value = protocols[ofProtocol.exec(text)?.[1] ?? ''];
  return value === undefined ? [] : [{ field: 'proto', values: [value], negated: false }];
}

function conditionsOf(text: string): FilterCondition[] {
  const found = [...text.matchAll(condition)].flatMap(([, key = '', not, value = '']) => {
    const field = fields[key];
    const values = value
      .replaceAll(/^\{ ?| ?\}$/g, '')
      .split(/, ?/)
      .map((item) => valueOf(field, item));
    if (!field || !values.every((item) => item !== undefined)) return [];
    return { field, values, negated: not !== undefined };
  });
  return found.some(({ field }) => field === 'proto') ? found : [...found, ...impliedProtocol(text)];
}

/** Returns undefined for a value that is not understood. */
function valueOf(field: FilterCondition['field'] | undefined, text: string): string | undefined {
  if (field === 'in' || field === 'out') return /^"([^"]+)"$/.exec(text)?.[1];
  if (field === 'proto') return /^\d+$/.test(text) ? text : protocols[text];
  if (field === 'state') return states.has(text) ? text : undefined;
  const address = parseAddress(text);
  if (address !== undefined) return subnetOfAddress(address);
  const subnet = text.includes('/') ? parseSubnet(text) : undefined;
  return typeof subnet === 'string' ? subnet : undefined;
}
