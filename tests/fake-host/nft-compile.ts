/** Compiles the text of a rule to functions of a packet, once for all packets. */
import {
  type Family,
  familyOf,
  prefixMask,
  withoutHostBits,
  fullPrefixLength,
} from '../../src/address/cidr.ts';
import { slotOf } from '../../src/address/connection-hash.ts';
import { inSubnet } from './address.ts';
import { isAddress, keyOf } from './nft-commands.ts';
import { type Expression, encodeRule } from './nft-encode.ts';
import { remember, rememberOf } from './remember.ts';
import { type FakeSet, type FakeTable, unknownToFake } from './state.ts';

/** Packet with all fields that rules can match; undefined where not known yet. */
export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly mark: number;
  /** whether it is a reply of a published port */
  readonly answer: boolean;
  /** bridge by which it comes in; default: another network of the fake host, which is not guarded */
  readonly ingress?: string | undefined;
  /** protocol and destination port */
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | 'ipv6-icmp' | undefined;
  readonly port?: number | undefined;
  readonly device?: string;
  readonly nextHop?: string;
  /** original source of its flow, when NAT has changed it */
  readonly original?: string;
}

export type Action =
  | { readonly kind: 'match'; readonly test: (table: FakeTable, packet: Packet) => boolean }
  | { readonly kind: 'mark'; readonly change: (mark: number) => number }
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'vmap'; readonly lead: (table: FakeTable, packet: Packet) => string | undefined }
  | { readonly kind: 'snat'; readonly source: (packet: Packet) => string };

/** stands for the host's address on a device */
export function hostsOwn(family: Family): string {
  return family === 4 ? '192.0.2.254' : '2001:db8:fff::254';
}

export const compileRule = remember((text: string): readonly Action[] =>
  encodeRule(text).flatMap((expression) => compile(expression)),
);

function compile(expression: Expression): Action[] {
  const [kind = '', body] = Object.entries(expression)[0] ?? [];
  switch (kind) {
    case 'match':
      return [{ kind, test: testOf(body as Match) }];
    case 'mangle':
      return mangled(body as Mangle);
    case 'return':
    case 'accept':
    case 'drop':
      return [{ kind }];
    case 'reject':
      return [{ kind: 'drop' }];
    case 'jump':
    case 'goto':
      return [{ kind, chain: (body as { target: string }).target }];
    case 'vmap':
      return [{ kind, lead: leadOf(body as { key: Expression; data: string }) }];
    case 'set':
    case 'counter':
      // Counters are not read.
      return [];
    case 'dnat':
      // No connections come from outside.
      return [{ kind: 'accept' }];
    case 'masquerade':
      return [{ kind: 'snat', source: ({ source }) => hostsOwn(familyOf(source)) }];
    case 'snat': {
      const { addr } = body as { addr: unknown };
      return [{ kind, source: ({ source }) => (typeof addr === 'string' ? addr : source) }];
    }
    default:
      return unknownToFake(`nft statement ${kind}`);
  }
}

interface Match {
  readonly op: string;
  readonly left: Expression;
  readonly right: unknown;
}

type Value = (packet: Packet) => string | undefined;

function testOf({ op, left, right }: Match): (table: FakeTable, packet: Packet) => boolean {
  const values = valuesOf(left);
  const wanted = op !== '!=' && op !== '!';
  if (typeof right === 'string' && right.startsWith('@')) {
    const name = right.slice(1);
    return (table, packet) => {
      const set = table.sets.get(name);
      const found = allOf(values, packet);
      return found !== undefined && (set !== undefined && holds(set, found)) === wanted;
    };
  }
  const equals = constantOf(right);
  return (_, packet) => {
    const found = allOf(values, packet);
    return found !== undefined && (found.length === 1 && equals(found[0] ?? '')) === wanted;
  };
}

/** Chain to which a verdict map leads the packet. */
function leadOf({ key, data }: { readonly key: Expression; readonly data: string }) {
  const values = valuesOf(key);
  return (table: FakeTable, packet: Packet): string | undefined => {
    const set = table.sets.get(data.slice(1));
    const found = allOf(values, packet);
    const at = set && found ? columnsOf(set).findIndex((columns) => holdsAll(columns, found)) : -1;
    return set?.elements[at]?.split(' : goto ')[1];
  };
}

function constantOf(right: unknown): (value: string) => boolean {
  const { range, prefix } = right as {
    readonly range?: readonly [number, number];
    readonly prefix?: { readonly addr: string; readonly len: number };
  };
  if (range) return (value) => Number(value) >= range[0] && Number(value) <= range[1];
  if (prefix) return (value) => inSubnet(`${prefix.addr}/${prefix.len}`, value);
  const text = String(right);
  return (value) => value === text;
}

/** A rule never matches when the packet lacks a field, such as an address of the other family. */
function allOf(values: readonly Value[], packet: Packet): string[] | undefined {
  const found: string[] = [];
  for (const value of values) {
    const one = value(packet);
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}

function holds(set: FakeSet, found: readonly string[]): boolean {
  return columnsOf(set).some((columns) => holdsAll(columns, found));
}

function holdsAll(columns: readonly ((value: string) => boolean)[], found: readonly string[]): boolean {
  return columns.every((column, i) => column(found[i] ?? ''));
}

/** One predicate for each part of each element. */
const columnsOf = rememberOf(({ elements }: FakeSet) =>
  elements.map((element) =>
    keyOf(element)
      .split(' . ')
      .map((part): ((value: string) => boolean) => {
        if (isAddress(part)) return (value) => inSubnet(part, value);
        // Marks and slots are hexadecimal.
        if (/^0x[\da-f]{1,8}$/.test(part)) return (value) => value === String(Number(part));
        const name = part.startsWith('"') ? part.slice(1, -1) : part;
        // nft treats a name with a trailing * as a prefix.
        if (name.endsWith('*')) return (value) => value.startsWith(name.slice(0, -1));
        return (value) => value === name;
      }),
  ),
);

const cuts = new Map<string, string>();

/** First address of the subnet that contains an address. */
function cutAddress(address: string | undefined, mask: string): string | undefined {
  if (address === undefined) return undefined;
  const key = `${address} ${mask}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  const family = familyOf(mask);
  const length = Array.from({ length: fullPrefixLength(family) }, (_, i) => i + 1).find(
    (one) => prefixMask(family, one) === mask,
  );
  const cut = withoutHostBits(`${address}/${length ?? 0}`).split('/')[0] ?? '';
  cuts.set(key, cut);
  return cut;
}

function valuesOf(operand: Expression): Value[] {
  const [name = '', body] = Object.entries(operand)[0] ?? [];
  if (name === 'concat') return (body as Expression[]).flatMap(valuesOf);
  if (name === '&') {
    const [left, mask] = body as [Expression, unknown];
    // TCP flags are not modelled.
    if (typeof mask !== 'number' && typeof mask !== 'string') return [() => undefined];
    const [value] = valuesOf(left);
    if (typeof mask === 'string') return [(packet) => cutAddress(value?.(packet), mask)];
    return [(packet) => String((Number(value?.(packet)) & mask) >>> 0)];
  }
  if (name === 'jhash') return [hashOf(body as Parameters<typeof hashOf>[0])];
  const key = JSON.stringify(operand);
  return [plainValues[key] ?? unknownToFake(`nft operand ${key}`)];
}

/** Slot of a pair of addresses. */
function hashOf({
  expr,
  mod,
  seed,
}: {
  readonly expr: Expression;
  readonly mod: number;
  readonly seed: number;
}): Value {
  const values = valuesOf(expr);
  return (packet) => {
    const [source, destination] = allOf(values, packet) ?? [];
    if (source === undefined || destination === undefined) return undefined;
    return String(slotOf(source, destination, mod, seed));
  };
}

/** Value that only packets of one family have. */
function inFamily(family: Family, value: (packet: Packet) => string | undefined): Value {
  return (packet) => (familyOf(packet.source) === family ? value(packet) : undefined);
}

function portText({ port }: Packet): string | undefined {
  return port === undefined ? undefined : String(port);
}

const original: Value = ({ answer, original: first, source }) =>
  answer ? (familyOf(source) === 4 ? '192.0.2.253' : '2001:db8:fff::253') : (first ?? source);

const plainValues: Readonly<Record<string, Value>> = {
  '{"payload":{"protocol":"ip","field":"saddr"}}': inFamily(4, ({ source }) => source),
  '{"payload":{"protocol":"ip","field":"daddr"}}': inFamily(4, ({ destination }) => destination),
  '{"payload":{"protocol":"ip6","field":"saddr"}}': inFamily(6, ({ source }) => source),
  '{"payload":{"protocol":"ip6","field":"daddr"}}': inFamily(6, ({ destination }) => destination),
  '{"meta":{"key":"nfproto"}}': ({ source }) => `ipv${familyOf(source)}`,
  // No packet is bridged.
  '{"meta":{"key":"pkttype"}}': () => 'host',
  // No connections come from outside.
  '{"fib":{"result":"type","flags":["daddr"]}}': () => undefined,
  '{"meta":{"key":"mark"}}': ({ mark }) => String(mark),
  '{"meta":{"key":"oifname"}}': ({ device }) => device,
  '{"meta":{"key":"iifname"}}': ({ ingress }) => ingress,
  '{"ct":{"key":"ip saddr","dir":"original"}}': inFamily(4, original),
  '{"ct":{"key":"ip6 saddr","dir":"original"}}': inFamily(6, original),
  '{"rt":{"key":"nexthop","family":"ip"}}': inFamily(4, ({ nextHop }) => nextHop),
  '{"rt":{"key":"nexthop","family":"ip6"}}': inFamily(6, ({ nextHop }) => nextHop),
  '{"meta":{"key":"l4proto"}}': ({ protocol }) => protocol,
  '{"payload":{"protocol":"th","field":"dport"}}': portText,
  '{"payload":{"protocol":"tcp","field":"dport"}}': (packet) =>
    packet.protocol === 'tcp' ? portText(packet) : undefined,
  '{"payload":{"protocol":"udp","field":"dport"}}': (packet) =>
    packet.protocol === 'udp' ? portText(packet) : undefined,
  // ICMP errors are not modelled.
  '{"payload":{"protocol":"icmp","field":"type"}}': () => undefined,
  '{"payload":{"base":"th","offset":192,"len":32}}': () => undefined,
  '{"payload":{"base":"th","offset":112,"len":8}}': () => undefined,
  '{"payload":{"base":"th","offset":256,"len":128}}': () => undefined,
  '{"ct":{"key":"ip daddr","dir":"original"}}': () => undefined,
  '{"ct":{"key":"ip6 daddr","dir":"original"}}': () => undefined,
  '{"payload":{"protocol":"icmpv6","field":"type"}}': () => undefined,
  // Every packet is the first of its connection.
  '{"ct":{"key":"mark"}}': () => '0',
  '{"ct":{"key":"direction"}}': ({ answer }) => (answer ? 'reply' : 'original'),
  // A container's packet is the first of its flow; a reply belongs to an established one.
  '{"ct":{"key":"state"}}': ({ answer }) => (answer ? 'established' : 'new'),
  '{"ct":{"key":"status"}}': ({ answer, original: first, source }) =>
    answer ? 'dnat' : first !== undefined && first !== source ? 'snat' : 'confirmed',
};

interface Mangle {
  readonly key: Expression;
  readonly value: Expression;
}

/** Only marks are modelled; a segment size does not affect the path. */
function mangled({ key, value }: Mangle): Action[] {
  if (JSON.stringify(key) !== '{"meta":{"key":"mark"}}') return [];
  return [{ kind: 'mark', change: markOf(value) }];
}

/** Constant mark, or a sequence of operations on the current one. */
function markOf(value: Expression): (mark: number) => number {
  const [operator = '', operands] = Object.entries(value)[0] ?? [];
  if (operator === 'meta') return (mark) => mark;
  const [inner, constant] = operands as [Expression, number];
  const before = markOf(inner);
  return (mark) => (operator === '|' ? before(mark) | constant : before(mark) & constant) >>> 0;
}
