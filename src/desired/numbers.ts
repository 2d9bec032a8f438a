/**
 * Routing tables and fwmarks: the file's, else those chosen before, else free ones.
 * Marks of others [FACTS]: netavark and CNI portmap 0x2000, kube-proxy 0xc000, Tailscale and pbr 0xff0000,
 * Calico 0xffff0000, mwan3 0x3f00, Antrea 0x800, AWS VPC CNI 0x80. What is left is 0x7f, and 0x1000 where
 * there is no mwan3; Cilium and Istio use nearly every bit, and are recognised by their rules.
 */
import type { Spec } from '../spec/spec.ts';
import type { Facts } from '../state/facts.ts';
import type { GatewayNumbers, Ledger } from '../state/ledger.ts';
import { hex } from '../state/objects.ts';
import type { HostRole } from '../topology/role.ts';
import type { Refusal } from './desired.ts';

export interface Numbers {
  readonly gateways: Readonly<Record<string, GatewayNumbers>>;
  /** the mark bit of packets that keep the host's own routing; only nodes have such packets */
  readonly directBit?: number;
}

/** The hand-made recipe's table: the first that a reader of `ip rule` will know. */
const firstTable = 0x888;
const lastTable = 0xfff;
const lastMark = 0x7f;
/** most unlikely to be somebody's first; none in the range of our own marks */
const directBits = [0x1000, 0x100, 0x200, 0x400, 0x800];

export function chooseNumbers(
  role: HostRole,
  gateways: Spec['gateways'],
  facts: Facts,
  refusals: Refusal[],
): Numbers {
  const taken = takenNumbers(gateways, facts);
  const chosen: Record<string, GatewayNumbers> = {};
  for (const name of gatewaysOf(role)) {
    const before = facts.ledger.gateways[name];
    const table = gateways[name]?.table ?? chooseTable(before, taken);
    const mark = gateways[name]?.mark ?? chooseMark(before, taken);
    if (taken.foreignTables.has(table)) refusals.push(tableInUse(name, table));
    const owner = taken.foreignMarks.find((rule) => collides(rule, mark));
    if (owner) refusals.push(markInUse(name, mark, owner));
    taken.tables.add(table);
    taken.marks.add(mark);
    chosen[name] = { table, mark };
  }
  if (role.networks.length === 0) return { gateways: chosen };
  return { gateways: chosen, directBit: chooseDirectBit(facts.ledger, taken, refusals) };
}

/** All gateways that this host has to do with. */
function gatewaysOf(role: HostRole): string[] {
  const names = [...role.networks.map(({ gateway }) => gateway), ...role.gateways.map(({ name }) => name)];
  return [...new Set(names)];
}

interface ForeignMark {
  readonly preference: number;
  readonly value: number;
  readonly mask: number;
}

interface Taken {
  readonly tables: Set<number>;
  readonly marks: Set<number>;
  readonly foreignTables: ReadonlySet<number>;
  readonly foreignMarks: readonly ForeignMark[];
}

function takenNumbers(gateways: Spec['gateways'], facts: Facts): Taken {
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
    foreignTables,
    foreignMarks: facts.foreignRules.flatMap(({ preference, fwmark }) =>
      fwmark ? [{ preference, ...fwmark }] : [],
    ),
  };
}

/**
 * Whether a foreign rule could take our mark for its own. A rule without a mask means one exact value, as
 * wg-quick's does: only that value collides. A rule with a mask owns its bits.
 */
function collides({ value, mask }: ForeignMark, mark: number): boolean {
  return mask === 0xffffffff ? value === mark : (mask & mark) !== 0;
}

function chooseTable(before: GatewayNumbers | undefined, taken: Taken): number {
  if (before && !taken.foreignTables.has(before.table)) return before.table;
  for (let table = firstTable; table <= lastTable; table += 1) {
    if (!taken.tables.has(table)) return table;
  }
  return lastTable + taken.tables.size;
}

function chooseMark(before: GatewayNumbers | undefined, taken: Taken): number {
  if (before) return before.mark;
  for (let mark = 1; mark <= lastMark; mark += 1) {
    const foreign = taken.foreignMarks.some((rule) => collides(rule, mark));
    if (!foreign && !taken.marks.has(mark)) return mark;
  }
  return lastMark;
}

function chooseDirectBit(ledger: Ledger, taken: Taken, refusals: Refusal[]): number {
  if (ledger.directBit !== undefined) return ledger.directBit;
  const free = directBits.find(
    (bit) =>
      taken.foreignMarks.every((rule) => !collides(rule, bit)) &&
      [...taken.marks].every((mark) => (mark & bit) === 0),
  );
  if (free !== undefined) return free;
  refusals.push({
    message: 'no fwmark bit is free for packets that keep the host’s own routing',
    hint: '`ip rule` shows who uses which: remove a rule with a fwmark that is not needed any more',
  });
  return 0;
}

function tableInUse(gateway: string, table: number): Refusal {
  return {
    message: `gateway ${gateway}: table ${table} is used by somebody else on this host`,
    hint: `\`ip route show table ${table}\` and \`ip rule\` show it; give another \`table:\`, or none and one is chosen`,
  };
}

function markInUse(gateway: string, mark: number, { preference, mask }: ForeignMark): Refusal {
  return {
    message: `gateway ${gateway}: mark ${hex(mark)} collides with rule ${preference} (fwmark mask ${hex(mask)})`,
    hint: '`ip rule` shows it; give another `mark:`, or none and one is chosen',
  };
}
