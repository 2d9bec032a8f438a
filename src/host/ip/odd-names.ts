/**
 * Rows of other people's things in the answers of `ip`. The kernel lets device names be nearly anything; what is read
 * only must not keep us from closing. A row with such a name is read without the name, or left out.
 */
import * as z from 'zod';
import { isObject } from '../../kinds/alike.ts';
import { deviceName } from './device-name.ts';

const nameFields = new Set(['dev', 'iif', 'oif']);

/** Rows that were read, and those that could not be. */
export interface Rows<T> {
  readonly rows: T[];
  readonly strange: readonly unknown[];
}

/**
 * @param isOwn says whether a row that cannot be read is one of ours: then it is an error, unless it has a device name
 *   that we never write
 */
export function readRows<T>(
  given: unknown,
  row: z.ZodType<T>,
  isOwn: (raw: unknown) => boolean,
  isAsItIs: (raw: unknown) => raw is T = (_raw): _raw is T => false,
): Rows<T> {
  const rows: T[] = [];
  const strange: unknown[] = [];
  for (const [index, raw] of z.array(z.unknown()).parse(given).entries()) {
    if (isAsItIs(raw)) {
      rows.push(raw);
      continue;
    }
    const plain = withoutOddNames(raw);
    const found = row.safeParse(plain);
    if (found.success && (plain === raw || !isOwn(raw))) rows.push(found.data);
    else if (!found.success && (!isObject(raw) || isOwn(raw))) throw errorAt(index, found.error);
    else strange.push(raw);
  }
  // None of them is understood: this is another format, and no matter of names.
  if (rows.length === 0 && strange.some((raw) => withoutOddNames(raw) === raw)) z.array(row).parse(strange);
  return { rows, strange };
}

function errorAt(index: number, { issues }: z.ZodError): z.ZodError {
  return new z.ZodError(issues.map((issue) => ({ ...issue, path: [index, ...issue.path] })));
}

/** The same object when it has no such name. */
function withoutOddNames(raw: unknown): unknown {
  if (Array.isArray(raw)) {
    const items = raw.map(withoutOddNames);
    return items.every((item, index) => item === raw[index]) ? raw : items;
  }
  if (!isObject(raw)) return raw;
  const entries = Object.entries(raw);
  const plain = entries.flatMap(([key, value]): [string, unknown][] => {
    if (nameFields.has(key) && typeof value === 'string' && !isPlainName(value)) return [];
    return [[key, key === 'nexthops' ? withoutOddNames(value) : value]];
  });
  const same = plain.length === entries.length && plain.every(([key, value]) => raw[key] === value);
  return same ? raw : Object.fromEntries(plain);
}

export function isPlainName(name: unknown): boolean {
  return deviceName.safeParse(name).success;
}
