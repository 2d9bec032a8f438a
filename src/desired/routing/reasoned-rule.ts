/** `ip rule`s with their reasons, and rules that both kinds of steering need. */
import type { Family } from '../../address/cidr.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { mainTable, preferences } from '../../kinds/ownership.ts';
import { type Redirect, isNode } from '../redirect.ts';

export interface ReasonedRule {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}

export function withReason(rule: ReasonedRule['rule'], why: string): ReasonedRule {
  return { rule, why };
}

export const skipSteering = { kind: 'goto', preference: preferences.end } as const;

export const endRule = withReason(
  { preference: preferences.end, action: { kind: 'nop' } },
  'no-op rule: jump target for exceptions',
);

export function linkLocalRules(family: Family, redirects: readonly Redirect[]): ReasonedRule[] {
  return family === 6 && redirects.some(isNode) ? [linkLocalRule] : [];
}

/**
 * Containers may talk to this host from a link-local address. Forwarded packets never have a link-local destination.
 */
const linkLocalRule = withReason(
  {
    preference: preferences.inside,
    to: 'fe80::/10',
    action: { kind: 'lookup', table: mainTable },
  },
  'route packets of this host to link-local addresses by their link',
);
