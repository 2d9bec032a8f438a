/** Tables and fwmarks in use: by the file, by the ledger, and by rules and chains of other programs. */
import type { Spec } from '../../spec/spec.ts';
import type { Facts, ForeignRule } from '../../state/facts.ts';
import { ipCommand } from '../../kinds/words.ts';
import { ownerOfRule, ownersSeen } from './owners.ts';

export interface ForeignMark {
  readonly value: number;
  readonly mask: number;
  /** `rule 5210 of Tailscale`, or the name of the program */
  readonly what: string;
  readonly shownBy: string;
}

export interface ReservedNumbers {
  readonly tables: Set<number>;
  readonly marks: Set<number>;
  /** numbers that the file assigns to a gateway */
  readonly fileTables: ReadonlySet<number>;
  readonly fileMarks: ReadonlySet<number>;
  readonly foreignTables: ReadonlySet<number>;
  readonly foreignMarks: readonly ForeignMark[];
  readonly foreignRules: readonly ForeignRule[];
}

export function reservedNumbers(gateways: Spec['gateways'], facts: Facts): ReservedNumbers {
  const ofFile = Object.values(gateways);
  const { gateways: known, members = {} } = facts.ledger;
  const kept = [...Object.values(known), ...Object.values(members)];
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

/** A program's chains may use marks that no `ip rule` has. */
function markOfOwner({ owner, chain }: ReturnType<typeof ownersSeen>[number]): ForeignMark {
  return { ...owner.mark, what: owner.name, shownBy: `\`nft list chain ${chain}\` shows that it is here` };
}

/**
 * Whether a foreign rule could match our mark. A rule without a mask (wg-quick) matches one exact value, and only that
 * value collides. A rule with a mask owns all bits of the mask.
 */
export function collides({ value, mask }: ForeignMark, mark: number): boolean {
  return mask === 0xffffffff ? value === mark : (mask & mark) !== 0;
}

/** Whether packets with the mark of a foreign rule may have the bit. */
export function hasBit({ value, mask }: ForeignMark, bit: number): boolean {
  return ((mask === 0xffffffff ? value : mask) & bit) !== 0;
}
