/**
 * Rules of other tables, from nft's text: of iptables' own matches (`-m conntrack`), JSON has but the name. Of each
 * rule, what can accept a packet, and those of its conditions that say where it comes from and goes to.
 */
import { parseAddress, parseSubnet, subnetOfAddress } from '../../address/cidr.ts';
import type { FilterCondition, FilterRule } from '../../state/facts.ts';

const states = new Set(['new', 'established', 'related', 'invalid', 'untracked']);

/** chain -> its rules, of `nft -s -t list table` */
export function filterChains(text: string): Map<string, readonly FilterRule[]> {
  const blocks = text.matchAll(/^\tchain (\S+) \{\n(.*?)^\t\}$/gms);
  return new Map(
    [...blocks].map(([, name = '', body = '']) => [
      name,
      body.split('\n').flatMap((line) => filterRule(line.trim()) ?? []),
    ]),
  );
}

/** Nothing for a rule that accepts nothing. */
function filterRule(line: string): FilterRule | undefined {
  const text = line.replaceAll(/ (?:comment|prefix) "[^"]*"/g, '');
  const verdict = verdictOf(text);
  return verdict && { conditions: conditionsOf(text), verdict };
}

/** What is not understood may accept. */
function verdictOf(text: string): FilterRule['verdict'] | undefined {
  if (/(?:^| )(?:accept|queue\b.*|.*\bvmap\b.*|xt target .*)$/.test(text)) return { kind: 'accept' };
  const chain = /(?:^| )(?:jump|goto) (\S+)$/.exec(text)?.[1];
  return chain === undefined ? undefined : { kind: 'call', chain };
}

/** Of keys that are looked up together (`iifname . oifname { .. }`), no value is understood. */
const condition =
  /\b(iifname|oifname|iif|oif|ip6? saddr|ip6? daddr|ct state) (!=? )?("[^"]*"|\{[^{}]*\}|[\w.:/,-]+)(?= |$)/g;

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
};

function conditionsOf(text: string): FilterCondition[] {
  return [...text.matchAll(condition)].flatMap(([, key = '', not, value = '']) => {
    const field = fields[key];
    const values = value
      .replaceAll(/^\{ ?| ?\}$/g, '')
      .split(/, ?/)
      .map((item) => valueOf(field, item));
    if (!field || !values.every((item) => item !== undefined)) return [];
    return { field, values, negated: not !== undefined };
  });
}

/** Nothing when it is not understood. */
function valueOf(field: FilterCondition['field'] | undefined, text: string): string | undefined {
  if (field === 'in' || field === 'out') return /^"([^"]+)"$/.exec(text)?.[1];
  if (field === 'state') return states.has(text) ? text : undefined;
  const address = parseAddress(text);
  if (address !== undefined) return subnetOfAddress(address);
  const subnet = text.includes('/') ? parseSubnet(text) : undefined;
  return typeof subnet === 'string' ? subnet : undefined;
}
