/** Runs a packet through the chains of one hook. */
import * as cidr from '../../src/address/cidr.ts';
import { type Expression, encodeRule } from './nft-encode.ts';
import { remember } from './remember.ts';
import { type FakeTable, unknownToFake } from './state.ts';

const contains = remember(cidr.contains);
const expressionsOf = remember(encodeRule);

/** What rules can ask about a packet; nothing where it is not known yet. */
export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly mark: number;
  /** an answer of a published port */
  readonly answer: boolean;
  readonly device?: string;
  readonly nextHop?: string;
  /** the source that its flow began with, when NAT has changed it */
  readonly original?: string;
}

export type Verdict =
  | { readonly kind: 'accept'; readonly mark: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'snat'; readonly source: string };

type Outcome = Verdict | { readonly kind: 'return'; readonly mark: number };

/** Chains of one hook in the order of their priorities. */
export function runHook(table: FakeTable | undefined, hook: string, packet: Packet): Verdict {
  const chains = [...(table?.chains ?? [])]
    .filter(([, chain]) => chain.hook?.hook === hook)
    .sort(([, a], [, b]) => (a.hook?.priority ?? 0) - (b.hook?.priority ?? 0));
  let now = packet;
  for (const [name] of chains) {
    const outcome = runChain(table, name, now);
    if (outcome.kind === 'drop') return outcome;
    now =
      outcome.kind === 'snat'
        ? { ...now, source: outcome.source, original: packet.source }
        : { ...now, mark: outcome.mark };
  }
  if (now.original === undefined) return { kind: 'accept', mark: now.mark };
  return { kind: 'snat', source: now.source };
}

/** A chain that ends without a verdict returns to the one that jumped, or to the policy, accept. */
function runChain(table: FakeTable | undefined, name: string, packet: Packet): Outcome {
  let { mark } = packet;
  for (const rule of table?.chains.get(name)?.rules ?? []) {
    const outcome = runRule(table, expressionsOf(rule), { ...packet, mark });
    if (outcome === undefined) continue;
    if ('verdict' in outcome) return outcome.verdict;
    mark = outcome.mark;
  }
  return { kind: 'return', mark };
}

type RuleOutcome = { readonly verdict: Outcome } | { readonly mark: number } | undefined;

function runRule(
  table: FakeTable | undefined,
  expressions: readonly Expression[],
  packet: Packet,
): RuleOutcome {
  let { mark } = packet;
  for (const expression of expressions) {
    const [name = '', body] = Object.entries(expression)[0] ?? [];
    const now = { ...packet, mark };
    if (name === 'match') {
      if (!matches(table, body as Match, now)) return undefined;
    } else if (name === 'mangle') {
      mark = mangled(body as Mangle, mark);
    } else {
      const outcome = verdictOf(table, name, body, now);
      // A chain that was jumped to and returned: on with the next rule.
      return name === 'jump' && outcome.kind === 'return' ? { mark: outcome.mark } : { verdict: outcome };
    }
  }
  return { mark };
}

function verdictOf(table: FakeTable | undefined, name: string, body: unknown, packet: Packet): Outcome {
  switch (name) {
    case 'return':
    case 'accept':
      return { kind: name, mark: packet.mark };
    case 'drop':
      return { kind: 'drop' };
    case 'jump':
      return runChain(table, (body as { target: string }).target, packet);
    case 'masquerade':
      return { kind: 'snat', source: hostsOwn };
    case 'snat': {
      const { addr } = body as { addr: unknown };
      return { kind: 'snat', source: typeof addr === 'string' ? addr : packet.source };
    }
    default:
      return unknownToFake(`nft statement ${name}`);
  }
}

/** stands for whatever address the host has on the device */
export const hostsOwn = '192.0.2.254';

interface Match {
  readonly op: string;
  readonly left: Expression;
  readonly right: unknown;
}

function matches(table: FakeTable | undefined, { op, left, right }: Match, packet: Packet): boolean {
  const values = operandValues(left, packet);
  const equal =
    typeof right === 'string' && right.startsWith('@')
      ? (table?.sets.get(right.slice(1))?.elements ?? []).some((element) => holds(element, values))
      : values.length === 1 && values[0] === String(right);
  return op === '!=' ? !equal : equal;
}

function holds(element: string, values: readonly (string | undefined)[]): boolean {
  return element.split(' . ').every((part, i) => {
    const value = values[i];
    if (value === undefined) return false;
    return part.startsWith('"')
      ? part === `"${value}"`
      : contains(part.includes('/') ? part : `${part}/32`, value);
  });
}

function operandValues(operand: Expression, packet: Packet): (string | undefined)[] {
  const [name = '', body] = Object.entries(operand)[0] ?? [];
  if (name === 'concat') return (body as Expression[]).flatMap((part) => operandValues(part, packet));
  if (name === '&') {
    const [left, mask] = body as [Expression, unknown];
    if (typeof mask !== 'number') return [undefined];
    return [String((Number(operandValues(left, packet)[0]) & mask) >>> 0)];
  }
  const key = JSON.stringify(operand);
  return key in plainValues ? [plainValues[key]?.(packet)] : unknownToFake(`nft operand ${key}`);
}

const plainValues: Readonly<Record<string, (packet: Packet) => string | undefined>> = {
  '{"payload":{"protocol":"ip","field":"saddr"}}': ({ source }) => source,
  '{"payload":{"protocol":"ip","field":"daddr"}}': ({ destination }) => destination,
  '{"meta":{"key":"mark"}}': ({ mark }) => String(mark),
  '{"meta":{"key":"oifname"}}': ({ device }) => device,
  // Packets are given by their source; none comes in by a bridge that is not its own.
  '{"meta":{"key":"iifname"}}': () => undefined,
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
function mangled({ key, value }: Mangle, mark: number): number {
  if (JSON.stringify(key) !== '{"meta":{"key":"mark"}}') return mark;
  const [operator = '', operands] = Object.entries(value)[0] ?? [];
  const constant = Number((operands as unknown[])[1]);
  return (operator === '|' ? mark | constant : mark & constant) >>> 0;
}
