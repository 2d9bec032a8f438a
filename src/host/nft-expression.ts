/**
 * nft's JSON expressions as canonical text: just the ones that our own rules are made of. Anything else is
 * given back as JSON, which equals no rule of ours and so shows as changed.
 */

/** One rule: `ip saddr @redirected4 jump guard`. Counters' values are not part of it. */
export function ruleText(expressions: readonly unknown[]): string {
  return expressions.map(statement).join(' ');
}

/** One set element: `10.89.4.0/24 . "gre1"`. */
export function elementText(element: unknown, types: readonly string[]): string {
  const value = isRecord(element) && isRecord(element['elem']) ? element['elem']['val'] : element;
  const parts = isRecord(value) && Array.isArray(value['concat']) ? value['concat'] : [value];
  return parts.map((part, i) => elementPart(part, types[i])).join(' . ');
}

function elementPart(part: unknown, type: string | undefined): string {
  return type === 'ifname' ? `"${String(part)}"` : operand(part);
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
      return `jump ${String(body['target'])}`;
    case 'mangle':
      return `${operand(body['key'])} set ${operand(body['value'])}`;
    case 'snat':
      return `snat ${String(body['family'])} to ${operand(body['addr'])}`;
    case 'counter':
      return 'counter';
    default:
      return unknown(expression);
  }
}

function matchText({ op, left, right }: Record<string, unknown>): string {
  const compare = op === '==' || op === 'in' ? '' : `${String(op)} `;
  // A masked value is compared in words, as nft prints it.
  if (isRecord(left) && '&' in left) return `${operand(left)} ${String(op)} ${masked(right)}`;
  const quoted = isRecord(left) && isRecord(left['meta']) && left['meta']['key'] === 'oifname';
  return `${operand(left)} ${compare}${quoted && !isSetName(right) ? `"${String(right)}"` : operand(right)}`;
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
  const key = String(body['key']);
  switch (name) {
    case 'payload':
      return `${String(body['protocol'])} ${String(body['field'])}`;
    case 'meta':
      return key === 'oifname' || key === 'iifname' ? key : `meta ${key}`;
    case 'ct':
      return typeof body['dir'] === 'string' ? `ct ${body['dir']} ${key}` : `ct ${key}`;
    case 'rt':
      return `rt ${typeof body['family'] === 'string' ? `${body['family']} ` : ''}${key}`;
    case 'tcp option':
      return `tcp option ${String(body['name'])} ${String(body['field'])}`;
    case 'prefix':
      return `${String(body['addr'])}/${String(body['len'])}`;
    default:
      return unknown({ [name]: body });
  }
}

/** Marks are written in hexadecimal, flags by name. */
function masked(value: unknown): string {
  if (typeof value === 'number') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `(${value.map(String).join(' | ')})`;
  // nft 1.1 says {"|": [...]} where 1.0 gave the bare list.
  if (isRecord(value) && '|' in value) return masked(value['|']);
  return typeof value === 'string' ? value : unknown(value);
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
