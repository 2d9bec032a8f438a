/** Refuses `ip rule`s of other programs among ours: they would bypass our closing rules, or never match. */
import type { ForeignRule } from '../../state/facts.ts';
import { hex, ipCommand } from '../../kinds/words.ts';
import { preferences } from '../../kinds/ownership.ts';
import { ownerOfRule } from '../allocate/owners.ts';
import type { Redirect, Refusal } from '../redirect.ts';

const [first, last] = [preferences.hostErrors, preferences.end];

/** Only families with redirected subnets have rules of ours. */
export function preferenceRefusals(redirects: readonly Redirect[], rules: readonly ForeignRule[]): Refusal[] {
  const families = new Set(redirects.map(({ family }) => family));
  return rules
    .filter(({ family }) => families.has(family))
    .filter(({ preference }) => preference >= first && preference <= last)
    .map((rule) => {
      const owner = ownerOfRule(rule) ?? 'another program';
      return {
        message: `rule ${rule.preference}${ruleText(rule)} belongs to ${owner}: the preferences ${first} to ${last} are reserved for mustredirect`,
        hint: `\`${ipCommand(rule.family)} rule show preference ${rule.preference}\` shows it; move it below ${first} or above ${last}, or remove it`,
      };
    });
}

function ruleText({ fwmark, table }: ForeignRule): string {
  const details = [
    ...(fwmark ? [`fwmark ${hex(fwmark.value)}/${hex(fwmark.mask)}`] : []),
    ...(table === undefined ? [] : [`lookup ${table}`]),
  ];
  return details.length === 0 ? '' : ` (${details.join(' ')})`;
}
