/** A rule's text as functions of a packet: read once, asked for every packet. */
import { inSubnet } from './address.ts';
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
  readonly device?: string;
  readonly nextHop?: string;
  /** the source that its flow began with, when NAT has changed it */
  readonly original?: string;
}

export type Action =
  | { readonly kind: 'match'; readonly test: (table: FakeTable, packet: Packet) => boolean }
  | { readonly kind: 'mark'; readonly change: (mark: number) => number }
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'snat'; readonly source: (packet: Packet) => string };

/** stands for whatever address the host has on the device */
export const hostsOwn = '192.0.2.254';

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
      return [{ kind, chain: (body as { target: string }).target }];
    case 'masquerade':
      return [{ kind: 'snat', source: () => hostsOwn }];
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
  const wanted = op !== '!=';
  if (typeof right === 'string' && right.startsWith('@')) {
    const name = right.slice(1);
    return (table, packet) => {
      const set = table.sets.get(name);
      return (set !== undefined && holds(set, values, packet)) === wanted;
    };
  }
  const [value] = values;
  const text = String(right);
  return (_, packet) => (values.length === 1 && value?.(packet) === text) === wanted;
}

function holds(set: FakeSet, values: readonly Value[], packet: Packet): boolean {
  const found = values.map((value) => value(packet));
  return columnsOf(set).some((columns) =>
    columns.every((column, i) => {
      const value = found[i];
      return value !== undefined && column(value);
    }),
  );
}

/** Of each element, one question for each of its parts. */
const columnsOf = rememberOf(({ elements }: FakeSet) =>
  elements.map((element) =>
    element.split(' . ').map((part): ((value: string) => boolean) => {
      if (!part.startsWith('"')) return (value) => inSubnet(part, value);
      const name = part.slice(1, -1);
      // nft takes a name that ends so for the beginning of a name.
      if (name.endsWith('*')) return (value) => value.startsWith(name.slice(0, -1));
      return (value) => value === name;
    }),
  ),
);

function valuesOf(operand: Expression): Value[] {
  const [name = '', body] = Object.entries(operand)[0] ?? [];
  if (name === 'concat') return (body as Expression[]).flatMap(valuesOf);
  if (name === '&') {
    const [left, mask] = body as [Expression, unknown];
    if (typeof mask !== 'number') return [() => undefined];
    const [value] = valuesOf(left);
    return [(packet) => String((Number(value?.(packet)) & mask) >>> 0)];
  }
  const key = JSON.stringify(operand);
  return [plainValues[key] ?? unknownToFake(`nft operand ${key}`)];
}

const plainValues: Readonly<Record<string, Value>> = {
  '{"payload":{"protocol":"ip","field":"saddr"}}': ({ source }) => source,
  '{"payload":{"protocol":"ip","field":"daddr"}}': ({ destination }) => destination,
  '{"meta":{"key":"mark"}}': ({ mark }) => String(mark),
  '{"meta":{"key":"oifname"}}': ({ device }) => device,
  '{"meta":{"key":"iifname"}}': ({ ingress }) => ingress,
  '{"ct":{"key":"ip saddr","dir":"original"}}': ({ answer, original, source }) =>
    answer ? '192.0.2.253' : (original ?? source),
  '{"rt":{"key":"nexthop","family":"ip"}}': ({ nextHop }) => nextHop,
  '{"ct":{"key":"direction"}}': ({ answer }) => (answer ? 'reply' : 'original'),
  '{"ct":{"key":"status"}}': ({ answer, original, source }) =>
    answer ? 'dnat' : original !== undefined && original !== source ? 'snat' : 'confirmed',
};

interface Mangle {
  readonly key: Expression;
  readonly value: Expression;
}

/** Only marks are followed; a segment size changes no way. */
function mangled({ key, value }: Mangle): Action[] {
  if (JSON.stringify(key) !== '{"meta":{"key":"mark"}}') return [];
  const [operator = '', operands] = Object.entries(value)[0] ?? [];
  const constant = Number((operands as unknown[])[1]);
  const change = (mark: number): number => (operator === '|' ? mark | constant : mark & constant) >>> 0;
  return [{ kind: 'mark', change }];
}
