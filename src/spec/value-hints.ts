/** Hints for values of the wrong type or form, from what is expected there. Pure. */

/**
 * @param message names what is expected
 * @param value what the file has
 */
export function valueHint(message: string, value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'string') {
    return unitHint(message, value) ?? numberHint(message, value) ?? listHint(message, value);
  }
  return undefined;
}

/** `interval: 200`, where `200ms` is expected */
function unitHint(message: string, value: string | number): string | undefined {
  const [, unit] = / (?:time|interval) from \d+(ms|s) to /.exec(message) ?? [];
  if (unit === undefined || !/^\d+$/.test(String(value))) return undefined;
  return `add the unit: ${value}${unit}`;
}

/** `as: AS65001`, `persistent_keepalive: 25s` */
function numberHint(message: string, value: string | number): string | undefined {
  const [, number] =
    (message.includes('an AS number') && /^AS(\d+)$/i.exec(String(value))) ||
    (message.includes('a number of seconds') && /^(\d+) ?s$/.exec(String(value))) ||
    [];
  return number === undefined ? undefined : `write the number alone: ${number}`;
}

/** One value, where a list is expected; a text with a blank or a comma may be meant as several. */
function listHint(message: string, value: string | number): string | undefined {
  if (!message.startsWith('expected a list of')) return undefined;
  const items = String(value)
    .split(/[\s,]+/)
    .filter((item) => item !== '');
  return items.length === 0 ? undefined : `write a list: [${items.map(listItem).join(', ')}]`;
}

/** In a list in brackets, YAML takes a colon for a key, and a leading bracket for another list. */
function listItem(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text}'`;
}
