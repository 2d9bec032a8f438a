/** Owner and location of a rule, for readers and for programs. */
import type { LegacyDrop } from '../../host/iptables/legacy.ts';
import type { FoundRule } from '../../host/nft/rule-handle.ts';
import type { Culprit } from './judge.ts';
import type { Hook } from './probe-table.ts';
import { isIptables } from './remedy.ts';
import { type Owner, ownerOf } from './rule-owner.ts';

export interface NamedCulprit {
  readonly owner?: Owner;
  /** family of nft, also for iptables */
  readonly family?: string;
  readonly table?: string;
  readonly chain?: string;
  readonly rule?: string;
  readonly handle?: number;
  /** preference of an `ip rule` */
  readonly preference?: number;
}

/** Finds text and handle of a rule that a trace names. */
export type FindRuleText = (culprit: Culprit) => FoundRule;

export function legacyText({ family, table, rule }: LegacyDrop): string {
  const program = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy';
  return `rule \`${rule}\` of table ${table} of ${program}`;
}

export function legacyCulprit({ family, table, chain, rule }: LegacyDrop, hook: Hook): Culprit {
  return {
    family: family === 4 ? 'ip' : 'ip6',
    table,
    chain,
    base: hook.toUpperCase(),
    hook,
    rule,
    legacy: true,
  };
}

export function ruleText(culprit: Culprit, lookup: FindRuleText): string {
  const { family, table, chain } = culprit;
  const place = `chain ${chain} of nft table ${family} ${table}${isIptables(culprit) ? ' (iptables)' : ''}`;
  const owner = ownerSuffix(ownerOf(culprit));
  if (culprit.rule === undefined) return `the policy of ${place}${owner}`;
  const { text, handle } = lookup(culprit);
  return `rule \`${text}\`${handle === undefined ? '' : ` (handle ${handle})`} in ${place}${owner}`;
}

export function ownerSuffix(owner: Owner | undefined): string {
  return owner === undefined ? '' : `, which is ${owner}'s`;
}

export function named(culprit: Culprit, lookup: FindRuleText): NamedCulprit {
  const { family, table, chain, rule } = culprit;
  const owner = ownerOf(culprit);
  const found = rule === undefined ? undefined : lookup(culprit);
  return {
    ...(owner === undefined ? {} : { owner }),
    family,
    table,
    chain,
    ...(found ? { rule: found.text } : {}),
    ...(found?.handle === undefined ? {} : { handle: found.handle }),
  };
}
