/** A rule of some family, and the reason that the plan gives for it; and those that both ways of steering have. */
import type { Family } from '../../address/cidr.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { mainTable, preferences } from '../../kinds/ownership.ts';
import { type Redirect, isLocal } from '../redirect.ts';

export interface Ruling {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}

export function ruling(rule: Ruling['rule'], why: string): Ruling {
  return { rule, why };
}

export const onwards = { kind: 'goto', preference: preferences.end } as const;

export const theEnd = ruling(
  { preference: preferences.end, action: { kind: 'nop' } },
  'no-op rule: jump target for exceptions',
);

export function ofLinks(family: Family, redirects: readonly Redirect[]): Ruling[] {
  return family === 6 && redirects.some(isLocal) ? [ofLink] : [];
}

/** A container may ask this host with its link-local address. Nothing that is forwarded goes to one. */
const ofLink = ruling(
  {
    preference: preferences.inside,
    to: 'fe80::/10',
    action: { kind: 'lookup', table: mainTable },
  },
  'route packets of this host to link-local addresses by their link',
);
