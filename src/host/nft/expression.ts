/**
 * Converts the nft JSON expressions that our own rules use to canonical text. Any other expression has no text: it is
 * foreign, and the object that holds it is recreated.
 */
import { type Family, familyOf, parseAddress, parseSubnet } from '../../address/cidr.ts';
import { isNftName } from './name.ts';

/**
 * Characters that may go into an nft text: no braces, semicolons or line ends; brackets around IPv6 addresses only;
 * quoted names without quotes and patterns.
 */
const safe = /^(?:[\w@.,:/+!=&|() -]|\[[\da-f.]*:[\da-f:.]*\]|"[^\s"*\\;{}]{1,15}")+$/;

/**
 * Text of one rule: `ip saddr @redirected4 jump guard`; undefined for a rule that is not ours. Counter values are
 * omitted.
 */
export function ruleText(expressions: readonly unknown[]): string | undefined {
  const texts = expressions.map((one) => countingText(one) ?? safeText(statement(one)));
  return texts.length > 0 && texts.every((text) => text !== undefined) ? texts.join(' ') : undefined;
}

function safeText(text: string): string | undefined {
  return safe.test(text) ? text : undefined;
}

/** `add @stopped4_24 { ip saddr & 255.255.255.0 }`: the only statement of ours with braces. */
function countingText(expression: unknown): string | undefined {
  const body = isRecord(expression) ? expression['set'] : undefined;
  // The set itself declares the counter: before 1.0.5, nft does not print the one in the rule.
  if (!isRecord(body) || body['op'] !== 'add' || 'stmt' in body) return undefined;
  const [set, element] = [word(body['set']), safeText(operand(body['elem']))];
  return isSetName(set) && isNftName(set.slice(1)) && element !== undefined
    ? `add ${set} { ${element} }`
    : undefined;
}

/** Text of one set element: `10.89.4.0/24 . "gre1"`; undefined for an element that is not ours. */
export function elementText(element: unknown, types: readonly string[]): string | undefined {
  const value = isRecord(element) && isRecord(element['elem']) ? element['elem']['val'] : element;
  const parts = isRecord(value) && Array.isArray(value['concat']) ? value['concat'] : [value];
  const texts = parts.map((part, i) => elementPart(part, types[i]));
  return texts.length === types.length && texts.every((text) => text !== undefined)
    ? texts.join(' . ')
    : undefined;
}

function elementPart(part: unknown, type: string | undefined): string | undefined {
  const text = partOfType(part, type);
  return text === undefined ? undefined : safeText(text);
}

function partOfType(part: unknown, type: string | undefined): string | undefined {
  switch (type) {
    case 'ifname':
      return `"${word(part)}"`;
    case 'ipv4_addr':
      return addressPart(operand(part), 4);
    case 'ipv6_addr':
      return addressPart(operand(part), 6);
    case 'integer':
    case 'mark':
      return typeof part === 'number' || typeof part === 'string' ? masked(part) : undefined;
    // Types of sets from earlier versions of mustredirect.
    case 'inet_proto':
    case 'inet_service':
      return word(part);
    case undefined:
    default:
      // None of our sets has this type.
      return undefined;
  }
}

function addressPart(text: string, family: Family): string | undefined {
  if (familyOf(text) !== family) return undefined;
  const found = text.includes('/') ? parseSubnet(text) : parseAddress(text);
  return typeof found === 'string' ? found : undefined;
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
    case 'goto':
      return `${name} ${chainName(body['target'])}`;
    case 'mangle':
      return `${operand(body['key'])} set ${changedTo(body)}`;
    case 'snat':
      return `snat ${word(body['family'])} to ${operand(body['addr'])}`;
    case 'dnat':
      return `dnat ${word(body['family'])} to ${target(body)}`;
    case 'vmap':
      return `${operand(body['key'])} vmap ${operand(body['data'])}`;
    case 'reject':
      return body['type'] === 'tcp reset' ? 'reject with tcp reset' : unknown(expression);
    case 'counter':
      return 'counter';
    default:
      return unknown(expression);
  }
}

/** Throws for a value that is not an nft name. */
function chainName(value: unknown): string {
  return typeof value === 'string' && isNftName(value) ? value : unknown({ value });
}

/** A segment size, or a time to live, is printed as a decimal number, not as bits. */
function changedTo({ key, value }: Record<string, unknown>): string {
  const isCount = isRecord(key) && ('tcp option' in key || 'payload' in key);
  return isCount && typeof value === 'number' ? word(value) : operand(value);
}

function matchText({ op, left, right }: Record<string, unknown>): string {
  const compare = op === '==' || op === 'in' ? '' : `${word(op)} `;
  // nft prints the comparison of a masked value with an operator.
  if (isRecord(left) && '&' in left) return `${operand(left)} ${word(op)} ${masked(right)}`;
  return `${operand(left)} ${compare}${isSetName(right) ? operand(right) : plainValue(left, right)}`;
}

/** /etc/protocols and nft name protocols; names differ from host to host. */
const protocolNumbers: Readonly<Record<string, string>> = {
  ipencap: '4',
  ipip: '4',
  ipv6: '41',
  gre: '47',
  ospf: '89',
};

/** Device names are quoted, ports are decimal. */
function plainValue(left: unknown, right: unknown): string {
  if (isProtocol(left)) return protocolNumbers[word(right)] ?? word(right);
  if (isDevice(left)) return `"${word(right)}"`;
  return isRecord(left) && isPort(left['payload']) ? ports(right) : operand(right);
}

function isProtocol(left: unknown): boolean {
  return isRecord(left) && isRecord(left['meta']) && left['meta']['key'] === 'l4proto';
}

function isDevice(left: unknown): boolean {
  const key = isRecord(left) && isRecord(left['meta']) ? left['meta']['key'] : undefined;
  return key === 'oifname' || key === 'iifname';
}

/** One port, or the first and the last of a range. */
function ports(right: unknown): string {
  const range = isRecord(right) && Array.isArray(right['range']) ? right['range'] : [right];
  return range.map(word).join('-');
}

function target({ family, addr, port }: Record<string, unknown>): string {
  const address = operand(addr);
  if (port === undefined) return address;
  return `${family === 'ip6' ? `[${address}]` : address}:${word(port)}`;
}

function operand(value: unknown): string {
  if (typeof value === 'string') return canonical(oneWord(value));
  if (typeof value === 'number') return masked(value);
  if (!isRecord(value)) return unknown(value);
  const [name = '', body] = Object.entries(value)[0] ?? [];
  if ((name === '&' || name === '|') && Array.isArray(body)) {
    return `${operand(body[0])} ${name} ${canonical(masked(body[1]))}`;
  }
  if (name === 'concat' && Array.isArray(body)) return body.map(operand).join(' . ');
  return isRecord(body) ? selector(name, body) : unknown(value);
}

function selector(name: string, body: Record<string, unknown>): string {
  const key = word(body['key']);
  switch (name) {
    case 'payload':
      if ('base' in body) return `@${word(body['base'])},${word(body['offset'])},${word(body['len'])}`;
      return `${word(body['protocol'])} ${word(body['field'])}`;
    case 'meta':
      return key === 'oifname' || key === 'iifname' ? key : `meta ${key}`;
    case 'ct':
      return typeof body['dir'] === 'string' ? `ct ${body['dir']} ${key}` : `ct ${key}`;
    case 'rt':
      return `rt ${typeof body['family'] === 'string' ? `${body['family']} ` : ''}${key}`;
    case 'fib':
      return `fib ${[body['flags']].flat().map(word).join(' . ')} ${word(body['result'])}`;
    case 'tcp option':
      return `tcp option ${word(body['name'])} ${word(body['field'])}`;
    case 'jhash':
      return `jhash ${operand(body['expr'])} mod ${word(body['mod'])} seed ${masked(body['seed'])}`;
    case 'prefix':
      return `${canonical(word(body['addr']))}/${word(body['len'])}`;
    default:
      return unknown({ [name]: body });
  }
}

/** nft prints an IPv4-mapped address as `::ffff:10.0.0.1`. */
function canonical(text: string): string {
  return text.includes(':') ? (parseAddress(text) ?? text) : text;
}

function isPort(payload: unknown): boolean {
  return isRecord(payload) && (payload['field'] === 'dport' || payload['field'] === 'sport');
}

/** Marks are hexadecimal, flags are names. */
function masked(value: unknown): string {
  if (typeof value === 'number') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `(${value.map(word).map(oneWord).join(' | ')})`;
  // nft 1.1 prints {"|": [...]} where 1.0 prints the bare list.
  if (isRecord(value) && '|' in value) return masked(value['|']);
  return typeof value === 'string' ? oneWord(value) : unknown(value);
}

/** A text with a blank would be parsed as something else. */
function oneWord(text: string): string {
  return /\s/.test(text) ? unknown(text) : text;
}

/** Throws for anything but a string or a number. */
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
