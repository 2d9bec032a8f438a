/**
 * Routing tables and fwmarks: from the file, else the earlier ones, else free ones.
 * Marks of other programs [FACTS]: netavark and CNI portmap 0x2000, kube-proxy 0xc000, Tailscale and pbr 0xff0000,
 * Calico 0xffff0000, mwan3 0x3f00, Antrea 0x800, AWS VPC CNI 0x80. 0x7f is left for gateways and, without mwan3, some
 * bits from 0x100 to 0x1000; a bit in the mark of any foreign rule is not used. Cilium uses nearly every bit, and is
 * recognised by its rules.
 */
import type { Spec } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { GatewayNumbers } from '../../state/ledger.ts';
import { hex } from '../../kinds/words.ts';
import type { HostRole } from '../../topology/role.ts';
import { choosesPerConnection } from '../../topology/spread.ts';
import { ownerOfTable } from './owners.ts';
import type { Refusal } from '../redirect.ts';
import {
  type ForeignMark,
  type ReservedNumbers,
  collides,
  hasBit,
  reservedNumbers,
} from './reserved-numbers.ts';

export interface Numbers {
  readonly gateways: Readonly<Record<string, GatewayNumbers>>;
  /** host of a member -> table and mark of probes through it; absent where no gateway has several members */
  readonly members?: Readonly<Record<string, GatewayNumbers>>;
  /** mark bit of packets that keep the host's routing */
  readonly bypassBit?: number;
  /** mark bit of packets that our nft table has checked; absent without gateways */
  readonly checkedBit?: number;
  /** mark bit that identifies a gateway's mark as ours; absent if none is free: then rules by source steer */
  readonly ownerBit?: number;
}

/** Bits of the mark of this host's ICMP errors, besides the gateway's. No other packet has both. */
export function hostErrorBits({ bypassBit = 0, ownerBit = 0 }: Numbers): number {
  return (bypassBit | ownerBit) >>> 0;
}

/** The table of the manual recipe, which readers of `ip rule` recognise. */
const firstTable = 0x888;
const lastTable = 0xfff;
const lastMark = 0x7f;
/** bits of the marks of members */
export const memberMarks = lastMark;
/** bits that other programs are least likely to use come first; none is in the range of our gateways' marks */
const bypassBits = [0x1000, 0x100, 0x200, 0x400, 0x800];
const checkedBits = [0x80, 0x800, 0x400, 0x200, 0x100];
/** none is in wg-quick's 0xca6c, which may appear at any time */
const ownerBits = [0x400, 0x100];

/** Numbers of all gateways, and refusals for numbers that are in use. */
export interface ChosenNumbers {
  readonly numbers: Numbers;
  readonly refusals: readonly Refusal[];
}

export function chooseNumbers(role: HostRole, gateways: Spec['gateways'], facts: Facts): ChosenNumbers {
  const reserved = reservedNumbers(gateways, facts);
  const chosen: Record<string, GatewayNumbers> = {};
  const refusals: Refusal[] = [];
  for (const name of gatewaysOf(role)) {
    const { table, mark } = gateways[name] ?? {};
    const before = numbersOf(facts.ledger.gateways, name);
    const numbers = {
      table: table ?? choose(before?.table, range(firstTable, lastTable), tableIsFree(reserved)),
      mark: mark ?? choose(before?.mark, range(1, lastMark), markIsFree(reserved)),
    };
    refusals.push(...refusalsOf(name, numbers, reserved));
    chosen[name] = { table: numbers.table ?? 0, mark: numbers.mark ?? 0 };
    reserved.tables.add(chosen[name].table);
    reserved.marks.add(chosen[name].mark);
  }
  const members = chooseMembers(role, facts, reserved);
  const bits = chooseBits(role, facts, reserved);
  const numbers = { gateways: chosen, ...members, ...bits.numbers };
  return { numbers, refusals: [...refusals, ...bits.refusals, ...balanceRefusals(role, numbers)] };
}

/** Without a mark and a table for each member, connections cannot be spread. */
function balanceRefusals({ failover = [] }: HostRole, { members = {}, ownerBit }: Numbers): Refusal[] {
  return failover.flatMap((gateway) => {
    const { name, members: hosts } = gateway;
    if (!choosesPerConnection(gateway)) return [];
    const without = hosts.filter(({ host }) => !Object.hasOwn(members, host));
    return [
      ...without.map(({ host }) => ({
        message: `gateway ${name}: no free routing table or mark is left for member ${host}`,
        hint: 'write `mode: failover` without `flows: drain`, or use fewer gateways and members on this host',
      })),
      ...(ownerBit === undefined ? [noBitFree(`of gateway ${name}, whose members share connections`)] : []),
    ];
  });
}

/** Chosen from the other end, to leave gateways the numbers that they would have alone. Without one, nothing probes. */
function chooseMembers(
  { failover = [] }: HostRole,
  { ledger }: Facts,
  reserved: ReservedNumbers,
): Pick<Numbers, 'members'> {
  const hosts = [...new Set(failover.flatMap(({ members }) => members.map(({ host }) => host)))];
  const chosen: Record<string, GatewayNumbers> = {};
  for (const host of hosts) {
    const before = numbersOf(ledger.members, host);
    const table = choose(before?.table, [...range(firstTable, lastTable)].reverse(), tableIsFree(reserved));
    const mark = choose(before?.mark, [...range(1, lastMark)].reverse(), markIsFree(reserved));
    if (table === undefined || mark === undefined) continue;
    chosen[host] = { table, mark };
    reserved.tables.add(table);
    reserved.marks.add(mark);
  }
  return hosts.length > 0 ? { members: chosen } : {};
}

function chooseBits(
  role: HostRole,
  { ledger }: Facts,
  reserved: ReservedNumbers,
): { readonly numbers: Omit<Numbers, 'gateways'>; readonly refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const take = (before: number | undefined, candidates: readonly number[], what: string): number => {
    const bit = choose(before, candidates, bitIsFree(reserved));
    if (bit === undefined) refusals.push(noBitFree(what));
    else reserved.marks.add(bit);
    return bit ?? 0;
  };
  if (gatewaysOf(role).length === 0) return { numbers: {}, refusals };
  // Chosen even if no network uses the bit: packets with another program's bit must lose it first.
  const bypassBit = take(ledger.bypassBit, bypassBits, 'that bypass the gateway');
  const checkedBit = take(ledger.checkedBit, checkedBits, 'that the nft table has checked');
  const ownerBit = choose(ledger.ownerBit, ownerBits, bitIsFree(reserved));
  const numbers = { bypassBit, checkedBit, ...(ownerBit === undefined ? {} : { ownerBit }) };
  return { numbers, refusals };
}

/** The earlier number if no other program uses it now, else the first free one. */
function choose(
  before: number | undefined,
  candidates: Iterable<number>,
  isFree: (number: number, isOurs: boolean) => boolean,
): number | undefined {
  if (before !== undefined && isFree(before, true)) return before;
  for (const number of candidates) if (isFree(number, false)) return number;
  return undefined;
}

function* range(first: number, last: number): Generator<number> {
  for (let number = first; number <= last; number += 1) yield number;
}

function tableIsFree({ tables, fileTables, foreignTables }: ReservedNumbers) {
  return (table: number, isOurs: boolean): boolean =>
    isOurs ? !foreignTables.has(table) && !fileTables.has(table) : !tables.has(table);
}

function markIsFree({ marks, fileMarks, foreignMarks }: ReservedNumbers) {
  return (mark: number, isOurs: boolean): boolean =>
    !(isOurs ? fileMarks : marks).has(mark) && !foreignMarks.some((rule) => collides(rule, mark));
}

function bitIsFree({ marks, foreignMarks }: ReservedNumbers) {
  return (bit: number): boolean =>
    !foreignMarks.some((rule) => hasBit(rule, bit)) && [...marks].every((mark) => (mark & bit) === 0);
}

/** A name may be that of an inherited property: `constructor`. */
function numbersOf(
  kept: Readonly<Record<string, GatewayNumbers>> = {},
  name: string,
): GatewayNumbers | undefined {
  return Object.hasOwn(kept, name) ? kept[name] : undefined;
}

/** Gateways that this host uses or is. */
function gatewaysOf(role: HostRole): string[] {
  const names = [
    ...role.networks.flatMap(({ gateway, routes }) => [gateway, ...Object.keys(routes?.nextHops ?? {})]),
    ...role.gateways.map(({ name }) => name),
    ...(role.pool?.gateways ?? []),
  ];
  return [...new Set(names)];
}

function refusalsOf(
  gateway: string,
  { table, mark }: { readonly table: number | undefined; readonly mark: number | undefined },
  reserved: ReservedNumbers,
): Refusal[] {
  if (table === undefined || mark === undefined) return [noNumberFree(gateway)];
  const owner = reserved.foreignMarks.find((rule) => collides(rule, mark));
  return [
    ...(reserved.foreignTables.has(table) ? [tableInUse(gateway, table, reserved)] : []),
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

function tableInUse(gateway: string, table: number, { foreignRules }: ReservedNumbers): Refusal {
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
