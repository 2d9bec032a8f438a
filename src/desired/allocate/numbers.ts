/**
 * Routing tables and fwmarks: the file's, else those chosen before, else free ones.
 * Marks of others [FACTS]: netavark and CNI portmap 0x2000, kube-proxy 0xc000, Tailscale and pbr 0xff0000,
 * Calico 0xffff0000, mwan3 0x3f00, Antrea 0x800, AWS VPC CNI 0x80. What is left is 0x7f, for gateways, and
 * where there is no mwan3 some bits from 0x100 to 0x1000; a bit that the mark of any foreign rule has is not taken.
 * Cilium uses nearly every bit, and is recognised by its rules.
 */
import type { Spec } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { GatewayNumbers } from '../../state/ledger.ts';
import { hex } from '../../kinds/words.ts';
import type { HostRole } from '../../topology/role.ts';
import { ownerOfTable } from './owners.ts';
import type { Refusal } from '../redirect.ts';
import { type ForeignMark, type Taken, collides, hasBit, takenNumbers } from './reserved-numbers.ts';

export interface Numbers {
  readonly gateways: Readonly<Record<string, GatewayNumbers>>;
  /** the mark bit of packets that keep the host's own routing */
  readonly bypassBit?: number;
  /** the mark bit of packets that our nft table has seen, where any are steered */
  readonly checkedBit?: number;
  /** the mark bit that says that a gateway's mark beside it is ours; absent where none is free: rules steer then */
  readonly ownerBit?: number;
}

/** The bits that the mark of an ICMP error of this host has beside its gateway's: no other packet has both. */
export function hostErrorBits({ bypassBit = 0, ownerBit = 0 }: Numbers): number {
  return (bypassBit | ownerBit) >>> 0;
}

/** The hand-made recipe's table: the first that a reader of `ip rule` will know. */
const firstTable = 0x888;
const lastTable = 0xfff;
const lastMark = 0x7f;
/** most unlikely to be somebody's first; none in the range of our own marks */
const bypassBits = [0x1000, 0x100, 0x200, 0x400, 0x800];
const checkedBits = [0x80, 0x800, 0x400, 0x200, 0x100];
/** none that wg-quick's 0xca6c has, which may come any time */
const ownerBits = [0x400, 0x100];

/** Numbers for all gateways, and why some of them cannot be had. */
export interface ChosenNumbers {
  readonly numbers: Numbers;
  readonly refusals: readonly Refusal[];
}

export function chooseNumbers(role: HostRole, gateways: Spec['gateways'], facts: Facts): ChosenNumbers {
  const taken = takenNumbers(gateways, facts);
  const chosen: Record<string, GatewayNumbers> = {};
  const refusals: Refusal[] = [];
  for (const name of gatewaysOf(role)) {
    const { table, mark } = gateways[name] ?? {};
    const before = keptNumbers(facts, name);
    const numbers = {
      table: table ?? choose(before?.table, range(firstTable, lastTable), tableIsFree(taken)),
      mark: mark ?? choose(before?.mark, range(1, lastMark), markIsFree(taken)),
    };
    refusals.push(...refusalsOf(name, numbers, taken));
    chosen[name] = { table: numbers.table ?? 0, mark: numbers.mark ?? 0 };
    taken.tables.add(chosen[name].table);
    taken.marks.add(chosen[name].mark);
  }
  const bits = chooseBits(role, facts, taken);
  return { numbers: { gateways: chosen, ...bits.numbers }, refusals: [...refusals, ...bits.refusals] };
}

function chooseBits(
  role: HostRole,
  { ledger }: Facts,
  taken: Taken,
): { readonly numbers: Omit<Numbers, 'gateways'>; readonly refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const take = (before: number | undefined, candidates: readonly number[], what: string): number => {
    const bit = choose(before, candidates, bitIsFree(taken));
    if (bit === undefined) refusals.push(noBitFree(what));
    else taken.marks.add(bit);
    return bit ?? 0;
  };
  if (gatewaysOf(role).length === 0) return { numbers: {}, refusals };
  // Also where no packet gets it: one that has it from somebody else must lose it before there is such a network.
  const bypassBit = take(ledger.bypassBit, bypassBits, 'that bypass the gateway');
  const checkedBit = take(ledger.checkedBit, checkedBits, 'that the nft table has checked');
  const ownerBit = choose(ledger.ownerBit, ownerBits, bitIsFree(taken));
  const numbers = { bypassBit, checkedBit, ...(ownerBit === undefined ? {} : { ownerBit }) };
  return { numbers, refusals };
}

/** The number of before while nobody else has taken it since, else the first that is free. */
function choose(
  before: number | undefined,
  candidates: Iterable<number>,
  isFree: (number: number, ofOurs: boolean) => boolean,
): number | undefined {
  if (before !== undefined && isFree(before, true)) return before;
  for (const number of candidates) if (isFree(number, false)) return number;
  return undefined;
}

function* range(first: number, last: number): Generator<number> {
  for (let number = first; number <= last; number += 1) yield number;
}

function tableIsFree({ tables, fileTables, foreignTables }: Taken) {
  return (table: number, ofOurs: boolean): boolean =>
    ofOurs ? !foreignTables.has(table) && !fileTables.has(table) : !tables.has(table);
}

function markIsFree({ marks, fileMarks, foreignMarks }: Taken) {
  return (mark: number, ofOurs: boolean): boolean =>
    !(ofOurs ? fileMarks : marks).has(mark) && !foreignMarks.some((rule) => collides(rule, mark));
}

function bitIsFree({ marks, foreignMarks }: Taken) {
  return (bit: number): boolean =>
    !foreignMarks.some((rule) => hasBit(rule, bit)) && [...marks].every((mark) => (mark & bit) === 0);
}

/** Names are the user's, and may be those of what every object has: `constructor`. */
function keptNumbers({ ledger }: Facts, name: string): GatewayNumbers | undefined {
  return Object.hasOwn(ledger.gateways, name) ? ledger.gateways[name] : undefined;
}

/** All gateways that this host has to do with. */
function gatewaysOf(role: HostRole): string[] {
  const names = [
    ...role.networks.flatMap(({ gateway, routes }) => [gateway, ...Object.keys(routes?.nextHops ?? {})]),
    ...role.gateways.map(({ name }) => name),
  ];
  return [...new Set(names)];
}

function refusalsOf(
  gateway: string,
  { table, mark }: { readonly table: number | undefined; readonly mark: number | undefined },
  taken: Taken,
): Refusal[] {
  if (table === undefined || mark === undefined) return [noNumberFree(gateway)];
  const owner = taken.foreignMarks.find((rule) => collides(rule, mark));
  return [
    ...(taken.foreignTables.has(table) ? [tableInUse(gateway, table, taken)] : []),
    ...(owner ? [markInUse(gateway, mark, owner)] : []),
  ];
}

function noNumberFree(gateway: string): Refusal {
  return {
    message: `gateway ${gateway}: no free routing table or mark is left`,
    hint: 'give `table:` and `mark:` in the file',
  };
}

function noBitFree(what: string): Refusal {
  return {
    message: `no fwmark bit is free for packets ${what}`,
    hint: '`ip rule` shows who uses which: remove a rule with a fwmark that is not needed any more',
  };
}

function tableInUse(gateway: string, table: number, { foreignRules }: Taken): Refusal {
  const owner = ownerOfTable(table, foreignRules) ?? 'another program';
  return {
    message: `gateway ${gateway}: table ${table} is used by ${owner} on this host`,
    hint: `\`ip route show table ${table}\` and \`ip rule\` show it, or the same with \`ip -6\`; choose another \`table:\`, or leave it out`,
  };
}

function markInUse(gateway: string, mark: number, { what, mask, shownBy }: ForeignMark): Refusal {
  return {
    message: `gateway ${gateway}: mark ${hex(mark)} collides with ${what} (fwmark mask ${hex(mask)})`,
    hint: `${shownBy}; choose another \`mark:\`, or leave it out`,
  };
}
