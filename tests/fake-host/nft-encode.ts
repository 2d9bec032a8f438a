/** Encodes the text of a rule as nft 1.0.6 prints it in JSON; supports only the grammar of our own rules. */
import { isIP } from 'node:net';
import { unknownToFake } from './state.ts';
import { type Words, readWords } from './words.ts';

export type Expression = Readonly<Record<string, unknown>>;

export function encodeRule(text: string): Expression[] {
  const words = readWords(text);
  const expressions: Expression[] = [];
  while (words.peek() !== undefined) expressions.push(statement(words));
  return expressions;
}

function statement(words: Words): Expression {
  for (const verdict of ['return', 'drop', 'accept', 'masquerade']) {
    if (words.take(verdict)) return { [verdict]: null };
  }
  for (const verdict of ['jump', 'goto']) {
    if (words.take(verdict)) return { [verdict]: { target: words.next() } };
  }
  for (const family of ['ip', 'ip6']) {
    if (words.take('snat', family, 'to')) return { snat: { family, addr: addressOrOperand(words) } };
    if (words.take('dnat', family, 'to')) return { dnat: { family, ...target(words.next()) } };
  }
  if (words.take('reject', 'with', 'tcp', 'reset')) return { reject: { type: 'tcp reset' } };
  if (words.take('counter')) return { counter: { packets: 0, bytes: 0 } };
  if (words.take('add')) return { set: counting(words) };
  return matchOrMangle(words);
}

function addressOrOperand(words: Words): unknown {
  return isIP(words.peek() ?? '') !== 0 ? words.next() : operand(words);
}

/** Parses an address, `10.89.4.5:80` or `[2001:db8::5]:80`. */
function target(text: string): { addr: string; port?: number } {
  const [, addr4, addr6, port] = /^(?:([\d.]+)|\[(.+)\]):(\d+)$/.exec(text) ?? [];
  const addr = addr4 ?? addr6;
  return addr === undefined ? { addr: text } : { addr, port: Number(port) };
}

function counting(words: Words): Expression {
  const set = words.next();
  const inner = readWords(words.next().slice(1, -1));
  const elem = cut(operand(inner), inner);
  inner.end();
  return { op: 'add', elem, set };
}

function matchOrMangle(words: Words): Expression {
  const left = concatenation(words);
  if (words.take('vmap')) return { vmap: { key: left, data: words.next() } };
  if (words.take('set')) return { mangle: { key: left, value: changed(words) } };
  const op = words.take('!=')
    ? '!='
    : words.take('==')
      ? '=='
      : words.take('!')
        ? '!'
        : 'ct' in left && isStatus(left)
          ? 'in'
          : '==';
  return { match: { op, left, right: constant(words) } };
}

/** Value with a mask: a mark, or an address cut to a prefix length. */
function cut(left: Expression, words: Words): Expression {
  return words.take('&') ? { '&': [left, constant(words)] } : left;
}

/** nft matches a set of bits with "in", a single value with "==". */
function isStatus({ ct }: Expression): boolean {
  return ['{"key":"status"}', '{"key":"state"}'].includes(JSON.stringify(ct));
}

function changed(words: Words): unknown {
  const size = words.peek() ?? '';
  if (isIP(size) !== 0) return words.next();
  if (/^\d+$/.test(size)) return Number(words.next());
  if (words.take('rst', '|', 'ack')) return { '|': ['rst', 'ack'] };
  let value: unknown = operand(words);
  for (const operator of ['&', '|']) {
    if (words.take(operator)) value = { [operator]: [value, constant(words)] };
  }
  return value;
}

function concatenation(words: Words): Expression {
  const parts = [cut(operand(words), words)];
  while (words.take('.')) parts.push(cut(operand(words), words));
  return parts.length === 1 ? (parts[0] ?? {}) : { concat: parts };
}

const operands: readonly (readonly [string, Expression])[] = [
  ['ip saddr', { payload: { protocol: 'ip', field: 'saddr' } }],
  ['ip daddr', { payload: { protocol: 'ip', field: 'daddr' } }],
  ['ip6 saddr', { payload: { protocol: 'ip6', field: 'saddr' } }],
  ['ip6 daddr', { payload: { protocol: 'ip6', field: 'daddr' } }],
  ['ip ttl', { payload: { protocol: 'ip', field: 'ttl' } }],
  ['ip6 hoplimit', { payload: { protocol: 'ip6', field: 'hoplimit' } }],
  ['fib daddr type', { fib: { result: 'type', flags: ['daddr'] } }],
  ['tcp flags', { payload: { protocol: 'tcp', field: 'flags' } }],
  ['tcp option maxseg size', { 'tcp option': { name: 'maxseg', field: 'size' } }],
  ['meta mark', { meta: { key: 'mark' } }],
  ['meta length', { meta: { key: 'length' } }],
  ['meta pkttype', { meta: { key: 'pkttype' } }],
  ['meta nfproto', { meta: { key: 'nfproto' } }],
  ['oifname', { meta: { key: 'oifname' } }],
  ['iifname', { meta: { key: 'iifname' } }],
  ['ct original ip saddr', { ct: { key: 'ip saddr', dir: 'original' } }],
  ['ct original ip6 saddr', { ct: { key: 'ip6 saddr', dir: 'original' } }],
  ['ct original ip daddr', { ct: { key: 'ip daddr', dir: 'original' } }],
  ['ct original ip6 daddr', { ct: { key: 'ip6 daddr', dir: 'original' } }],
  ['ct direction', { ct: { key: 'direction' } }],
  ['ct mark', { ct: { key: 'mark' } }],
  ['ct state', { ct: { key: 'state' } }],
  ['ct status', { ct: { key: 'status' } }],
  ['rt ip nexthop', { rt: { key: 'nexthop', family: 'ip' } }],
  ['rt ip6 nexthop', { rt: { key: 'nexthop', family: 'ip6' } }],
  ['rt mtu', { rt: { key: 'mtu' } }],
  ['meta l4proto', { meta: { key: 'l4proto' } }],
  ['th dport', { payload: { protocol: 'th', field: 'dport' } }],
  ['tcp dport', { payload: { protocol: 'tcp', field: 'dport' } }],
  ['udp dport', { payload: { protocol: 'udp', field: 'dport' } }],
  ['fib daddr type', { fib: { result: 'type', flags: ['daddr'] } }],
  ['icmp type', { payload: { protocol: 'icmp', field: 'type' } }],
  ['@th,192,32', { payload: { base: 'th', offset: 192, len: 32 } }],
  ['@th,112,8', { payload: { base: 'th', offset: 112, len: 8 } }],
  ['@th,256,128', { payload: { base: 'th', offset: 256, len: 128 } }],
  ['icmpv6 type', { payload: { protocol: 'icmpv6', field: 'type' } }],
];

function operand(words: Words): Expression {
  if (words.take('jhash')) return { jhash: hashed(words) };
  const found = operands.find(([text]) => words.take(...text.split(' ')));
  return found ? found[1] : unknownToFake(`nft expression ${words.peek() ?? ''}`);
}

/** `ip saddr . ip daddr mod 256 seed 0x1` */
function hashed(words: Words): Expression {
  const expr = concatenation(words);
  const [mod, seed] = ['mod', 'seed'].map((word) => (words.take(word) ? constant(words) : undefined));
  return { mod, seed, expr };
}

function constant(words: Words): unknown {
  const word = words.next();
  if (word.startsWith('(')) return word.slice(1, -1).split(' | ');
  if (/^\d+-\d+$/.test(word)) return { range: word.split('-').map(Number) };
  return plain(word);
}

/** Set element as `nft -j` lists it. */
export function encodeElement(text: string, counted: boolean): unknown {
  const [key = '', verdict] = text.split(' : ');
  if (verdict !== undefined) return [encodeElement(key, counted), statement(readWords(verdict))];
  const parts = text.split(' . ').map(plain);
  const value = parts.length === 1 ? parts[0] : { concat: parts };
  return counted ? { elem: { val: value, counter: { packets: 0, bytes: 0 } } } : value;
}

/** Name, address, subnet, or decimal number (port). */
function plain(text: string): unknown {
  if (text.startsWith('"')) return text.slice(1, -1);
  if (/^\d+$/.test(text)) return Number(text);
  // JSON has numbers of more than 64 bits as text, too.
  if (/^0x[0-9a-f]+$/.test(text)) return text.length > 18 ? text : Number(text);
  const [address = '', length] = text.split('/');
  const addr = printedAddress(address);
  return length === undefined ? addr : { prefix: { addr, len: Number(length) } };
}

/** Prints like inet_ntop(3): an IPv4-mapped address ends in dotted form. */
function printedAddress(text: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return text;
  const bytes = [high, low].flatMap((group) => [
    Number.parseInt(group, 16) >> 8,
    Number.parseInt(group, 16) & 255,
  ]);
  return `::ffff:${bytes.join('.')}`;
}
