/**
 * nft's JSON expressions as canonical text: just the ones that our own rules are made of. Anything else
 * is no text at all: it is somebody's, and what holds it is made anew.
 */
import { parseAddress, parseSubnet } from '../address/cidr.ts';

/** What goes into an nft text as it is: no braces, semicolons, line ends; and no quote, nor pattern, in a name. */
const safe = /^(?:[\w@.:/+!=&|() -]|"[^\s"*\\;{}]{1,15}")+$/;

/**
 * One rule: `ip saddr @redirected4 jump guard`; nothing when it is of no kind that ours are of. Counters' values are
 * not part of it.
 */
export function ruleText(expressions: readonly unknown[]): string | undefined {
  const text = expressions.map(statement).join(' ');
  return safe.test(text) ? text : undefined;
}

/** One set element: `10.89.4.0/24 . "gre1"`; nothing when it is of no kind that ours are of. */
export function elementText(element: unknown, types: readonly string[]): string | undefined {
  const value = isRecord(element) && isRecord(element['elem']) ? element['elem']['val'] : element;
  const parts = isRecord(value) && Array.isArray(value['concat']) ? value['concat'] : [value];
  const texts = parts.map((part, i) => elementPart(part, types[i]));
  return texts.length === types.length && texts.every((text) => text !== undefined)
    ? texts.join(' . ')
    : undefined;
}

function elementPart(part: unknown, type: string | undefined): string | undefined {
  const text = type === 'ifname' ? `"${word(part)}"` : operand(part);
  if (!safe.test(text)) return undefined;
  const isOfType = type !== 'ipv4_addr' || isIPv4Part(text);
  return isOfType ? text : undefined;
}

function isIPv4Part(text: string): boolean {
  if (text.includes(':')) return false;
  return (text.includes('/') ? typeof parseSubnet(text) : typeof parseAddress(text)) === 'string';
}

function statement(expression: unknown): string {
  if (!isRecord(expression)) return unknown(expression);
  const [name = '', body] = Object.entries(expression)[0] ?? [];
  if (body === null && ['return', 'drop', 'accept', 'masquerade'].includes(name)) return name;
  if (!isRecord(body)) return unknown(expression);
  switch (name) {
    case 'match':
      return matchText(body);
    case 'jump':
      return `jump ${word(body['target'])}`;
    case 'mangle':
      return `${operand(body['key'])} set ${operand(body['value'])}`;
    case 'snat':
      return `snat ${word(body['family'])} to ${operand(body['addr'])}`;
    case 'counter':
      return 'counter';
    default:
      return unknown(expression);
  }
}

function matchText({ op, left, right }: Record<string, unknown>): string {
  const compare = op === '==' || op === 'in' ? '' : `${word(op)} `;
  // A masked value is compared in words, as nft prints it.
  if (isRecord(left) && '&' in left) return `${operand(left)} ${word(op)} ${masked(right)}`;
  const quoted = isRecord(left) && isRecord(left['meta']) && left['meta']['key'] === 'oifname';
  return `${operand(left)} ${compare}${quoted && !isSetName(right) ? `"${word(right)}"` : operand(right)}`;
}

function operand(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return masked(value);
  if (!isRecord(value)) return unknown(value);
  const [name = '', body] = Object.entries(value)[0] ?? [];
  if ((name === '&' || name === '|') && Array.isArray(body)) {
    return `${operand(body[0])} ${name} ${masked(body[1])}`;
  }
  if (name === 'concat' && Array.isArray(body)) return body.map(operand).join(' . ');
  return isRecord(body) ? selector(name, body) : unknown(value);
}

function selector(name: string, body: Record<string, unknown>): string {
  const key = word(body['key']);
  switch (name) {
    case 'payload':
      return `${word(body['protocol'])} ${word(body['field'])}`;
    case 'meta':
      return key === 'oifname' || key === 'iifname' ? key : `meta ${key}`;
    case 'ct':
      return typeof body['dir'] === 'string' ? `ct ${body['dir']} ${key}` : `ct ${key}`;
    case 'rt':
      return `rt ${typeof body['family'] === 'string' ? `${body['family']} ` : ''}${key}`;
    case 'tcp option':
      return `tcp option ${word(body['name'])} ${word(body['field'])}`;
    case 'prefix':
      return `${word(body['addr'])}/${word(body['len'])}`;
    default:
      return unknown({ [name]: body });
  }
}

/** Marks are written in hexadecimal, flags by name. */
function masked(value: unknown): string {
  if (typeof value === 'number') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `(${value.map(word).join(' | ')})`;
  // nft 1.1 says {"|": [...]} where 1.0 gave the bare list.
  if (isRecord(value) && '|' in value) return masked(value['|']);
  return typeof value === 'string' ? value : unknown(value);
}

/** Of anything else than a text or a number no text of ours is made. */
function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : unknown({ value });
}

function isSetName(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('@');
}

function unknown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
