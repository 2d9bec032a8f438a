/** A rule's text as functions of a packet: read once, asked for every packet. */
import { type Family, familyOf, prefixMask, subnetAround, wholeLength } from '../../src/address/cidr.ts';
import { inSubnet } from './address.ts';
import { isAddress, keyOf } from './nft-commands.ts';
import { type Expression, encodeRule } from './nft-encode.ts';
import { remember, rememberOf } from './remember.ts';
import { type FakeSet, type FakeTable, unknownToFake } from './state.ts';

/** A packet on its way, and what rules can ask about it; nothing where it is not known yet. */
export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly mark: number;
  /** an answer of a published port */
  readonly answer: boolean;
  /** the bridge that it came in by; default: one of the fake host's own networks, which nobody guards */
  readonly ingress?: string | undefined;
  /** its protocol, and the port that it goes to */
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | 'ipv6-icmp' | undefined;
  readonly port?: number | undefined;
  readonly device?: string;
  readonly nextHop?: string;
  /** the source that its flow began with, when NAT has changed it */
  readonly original?: string;
}

export type Action =
  | { readonly kind: 'match'; readonly test: (table: FakeTable, packet: Packet) => boolean }
  | { readonly kind: 'mark'; readonly change: (mark: number) => number }
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'vmap'; readonly lead: (table: FakeTable, packet: Packet) => string | undefined }
  | { readonly kind: 'snat'; readonly source: (packet: Packet) => string };

/** stands for whatever address the host has on the device */
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
    case 'jump':
    case 'goto':
      return [{ kind, chain: (body as { target: string }).target }];
    case 'vmap':
      return [{ kind, lead: leadOf(body as { key: Expression; data: string }) }];
    case 'set':
    case 'counter':
      // Nobody asks what is counted.
      return [];
    case 'dnat':
      // Nobody outside calls here.
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

/** The chain that a packet is led to by a map of verdicts. */
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

/** A rule that asks for what a packet does not have, an address of the other family, never matches. */
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

/** Of each element, one question for each of its parts. */
const columnsOf = rememberOf(({ elements }: FakeSet) =>
  elements.map((element) =>
    keyOf(element)
      .split(' . ')
      .map((part): ((value: string) => boolean) => {
        if (isAddress(part)) return (value) => inSubnet(part, value);
        const name = part.startsWith('"') ? part.slice(1, -1) : part;
        // nft takes a name that ends so for the beginning of a name.
        if (name.endsWith('*')) return (value) => value.startsWith(name.slice(0, -1));
        return (value) => value === name;
      }),
  ),
);

const cuts = new Map<string, string>();

/** The first address of the subnet that an address is in. */
function cutAddress(address: string | undefined, mask: string): string | undefined {
  if (address === undefined) return undefined;
  const key = `${address} ${mask}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  const family = familyOf(mask);
  const length = Array.from({ length: wholeLength(family) }, (_, i) => i + 1).find(
    (one) => prefixMask(family, one) === mask,
  );
  const cut = subnetAround(`${address}/${length ?? 0}`).split('/')[0] ?? '';
  cuts.set(key, cut);
  return cut;
}

function valuesOf(operand: Expression): Value[] {
  const [name = '', body] = Object.entries(operand)[0] ?? [];
  if (name === 'concat') return (body as Expression[]).flatMap(valuesOf);
  if (name === '&') {
    const [left, mask] = body as [Expression, unknown];
    // Of a packet's flags nobody asks.
    if (typeof mask !== 'number' && typeof mask !== 'string') return [() => undefined];
    const [value] = valuesOf(left);
    if (typeof mask === 'string') return [(packet) => cutAddress(value?.(packet), mask)];
    return [(packet) => String((Number(value?.(packet)) & mask) >>> 0)];
  }
  const key = JSON.stringify(operand);
  return [plainValues[key] ?? unknownToFake(`nft operand ${key}`)];
}

/** What only packets of one family have. */
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
  // Nothing here is bridged.
  '{"meta":{"key":"pkttype"}}': () => 'host',
  // Nobody outside calls here.
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
  // Nobody asks for the fate of one of them.
  '{"payload":{"protocol":"icmp","field":"type"}}': () => undefined,
  '{"payload":{"base":"th","offset":192,"len":32}}': () => undefined,
  '{"payload":{"base":"th","offset":112,"len":8}}': () => undefined,
  '{"payload":{"base":"th","offset":256,"len":128}}': () => undefined,
  '{"ct":{"key":"ip daddr","dir":"original"}}': () => undefined,
  '{"ct":{"key":"ip6 daddr","dir":"original"}}': () => undefined,
  '{"payload":{"protocol":"icmpv6","field":"type"}}': () => undefined,
  '{"ct":{"key":"direction"}}': ({ answer }) => (answer ? 'reply' : 'original'),
  // What a container sends begins a flow; an answer belongs to one.
  '{"ct":{"key":"state"}}': ({ answer }) => (answer ? 'established' : 'new'),
  '{"ct":{"key":"status"}}': ({ answer, original: first, source }) =>
    answer ? 'dnat' : first !== undefined && first !== source ? 'snat' : 'confirmed',
};

interface Mangle {
  readonly key: Expression;
  readonly value: Expression;
}

/** Only marks are followed; a segment size changes no way. */
function mangled({ key, value }: Mangle): Action[] {
  if (JSON.stringify(key) !== '{"meta":{"key":"mark"}}') return [];
  return [{ kind: 'mark', change: markOf(value) }];
}

/** The mark itself, or one operation on it after the other. */
function markOf(value: Expression): (mark: number) => number {
  const [operator = '', operands] = Object.entries(value)[0] ?? [];
  if (operator === 'meta') return (mark) => mark;
  const [inner, constant] = operands as [Expression, number];
  const before = markOf(inner);
  return (mark) => (operator === '|' ? before(mark) | constant : before(mark) & constant) >>> 0;
}
