/** Text of a rule for `ip rule`. */
import { hex } from '../words.ts';
import type { Rule } from './schema.ts';

/** Selector of a rule: `from 10.89.4.0/24`. */
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

/** `25` or `8000-8100`, for `ip` and nft. */
export function rangeText([first, last]: readonly [number, number]): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** Action of a rule: `lookup 2184`. */
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
