/** What tables and fwmarks are somebody's already: the file's, the ledger's, and those that rules and chains of others tell of. */
import type { Spec } from '../../spec/spec.ts';
import type { Facts, ForeignRule } from '../../state/facts.ts';
import { ipCommand } from '../../kinds/words.ts';
import { ownerOfRule, ownersSeen } from './owners.ts';

export interface ForeignMark {
  readonly value: number;
  readonly mask: number;
  /** `rule 5210 of Tailscale`, or who is known to use it */
  readonly what: string;
  readonly shownBy: string;
}

export interface Taken {
  readonly tables: Set<number>;
  readonly marks: Set<number>;
  /** those that the file gives to some gateway */
  readonly fileTables: ReadonlySet<number>;
  readonly fileMarks: ReadonlySet<number>;
  readonly foreignTables: ReadonlySet<number>;
  readonly foreignMarks: readonly ForeignMark[];
  readonly foreignRules: readonly ForeignRule[];
}

export function takenNumbers(gateways: Spec['gateways'], facts: Facts): Taken {
  const ofFile = Object.values(gateways);
  const kept = Object.values(facts.ledger.gateways);
  const ruleTables = facts.foreignRules.flatMap((rule) => rule.table ?? []);
  const foreignTables = new Set([...facts.usedTables, ...ruleTables]);
  return {
    tables: new Set([
      ...foreignTables,
      ...facts.namedTables,
      ...ofFile.flatMap((g) => g.table ?? []),
      ...kept.map((k) => k.table),
    ]),
    marks: new Set([...ofFile.flatMap((g) => g.mark ?? []), ...kept.map((k) => k.mark)]),
    fileTables: new Set(ofFile.flatMap((g) => g.table ?? [])),
    fileMarks: new Set(ofFile.flatMap((g) => g.mark ?? [])),
    foreignTables,
    foreignMarks: [
      ...facts.foreignRules.flatMap(markOfRule),
      ...ownersSeen(facts.foreignChains).map(markOfOwner),
    ],
    foreignRules: facts.foreignRules,
  };
}

function markOfRule(rule: ForeignRule): ForeignMark[] {
  const owner = ownerOfRule(rule);
  const what = `rule ${rule.preference}${owner === undefined ? '' : ` of ${owner}`}`;
  return rule.fwmark
    ? [{ ...rule.fwmark, what, shownBy: `\`${ipCommand(rule.family)} rule\` shows it` }]
    : [];
}

/** Its chains set and look at marks that no rule may name. */
function markOfOwner({ owner, chain }: ReturnType<typeof ownersSeen>[number]): ForeignMark {
  return { ...owner.mark, what: owner.name, shownBy: `\`nft list chain ${chain}\` shows that it is here` };
}

/**
 * Whether a foreign rule could take our mark for its own. A rule without a mask means one exact value, as
 * wg-quick's does: only that value collides. A rule with a mask owns its bits.
 */
export function collides({ value, mask }: ForeignMark, mark: number): boolean {
  return mask === 0xffffffff ? value === mark : (mask & mark) !== 0;
}

/** Packets with the mark of such a rule have the bit, or may have it. */
export function hasBit({ value, mask }: ForeignMark, bit: number): boolean {
  return ((mask === 0xffffffff ? value : mask) & bit) !== 0;
}
