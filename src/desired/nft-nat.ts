/** Which address a packet leaves with: the rules of chain `postrouting`. */
import type { Family } from '../address/cidr.ts';
import { hex } from '../state/objects.ts';
import { word } from './nft-word.ts';
import { stop } from './nft-stop.ts';
import { type Part, byFamily } from './parts.ts';
import { isNotRedirected } from './subnet-sets.ts';
import { isServed } from './ways.ts';

export function natRules(parts: readonly Part[], directBit: number): string[] {
  return byFamily(parts).flatMap((group) => natRulesOf(group.family, group.parts, hex(directBit)));
}

function natRulesOf(family: Family, parts: readonly Part[], bit: string): string[] {
  const ip = word(family);
  const outside = `${isNotRedirected(family, 'destination', parts)} meta mark & ${bit}`;
  const own = `${ip} saddr @local${family} ${outside} == 0x0 snat ${ip} to ${ip} saddr`;
  const direct = `${ip} saddr @masqueraded${family} ${outside} == ${bit} masquerade`;
  return [
    ...(parts.some((part) => part.local) ? [own] : []),
    ...(parts.some((part) => part.masqueradeDirect) ? [direct] : []),
    ...parts.flatMap(({ nat, subnets }) =>
      nat
        ? isServed(family, 'source', nat.gateway, subnets).map(
            (source) => `${source} oifname "${nat.device}" ${nat.verdict}`,
          )
        : [],
    ),
  ];
}

/**
 * What conntrack takes for no part of a flow, such as the reset of one that it has forgotten, passes by every NAT. It has no
 * status that a rule could ask for: so what has one passes first.
 */
export function untranslatedRules(family: Family, { nat, subnets }: Part): string[] {
  if (!nat) return [];
  const leaves = `oifname "${nat.device}"`;
  return [
    `${leaves} ct status snat accept`,
    ...isServed(family, 'source', nat.gateway, subnets).map(
      (source) => `${leaves} ${source} ${stop(family, 'source')}`,
    ),
  ];
}

/** Whether it gives packets another address: it does not where the file says `snat: none`. */
export function translates({ nat }: Part): boolean {
  return nat !== undefined && !nat.verdict.endsWith(' saddr');
}
