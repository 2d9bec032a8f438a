/**
 * Reads rows of foreign objects in output of `ip`. The kernel allows nearly any device name, and a foreign object must
 * not stop us from blocking traffic. A row with an unsafe name is read without the name, or skipped.
 */
import * as z from 'zod';
import { isObject } from '../../kinds/alike.ts';
import { deviceName } from './device-name.ts';

const nameFields = new Set(['dev', 'iif', 'oif']);

/** Rows that decode, and those that do not. */
export interface Rows<T> {
  readonly rows: T[];
  readonly undecodable: readonly unknown[];
}

/**
 * @param isOwn whether a row is one of ours: if it fails to decode, that is an error, unless it has a device name that
 *   we never write
 */
export function readRows<T>(
  given: unknown,
  row: z.ZodType<T>,
  isOwn: (raw: unknown) => boolean,
  isPlain: (raw: unknown) => raw is T = (_raw): _raw is T => false,
): Rows<T> {
  const rows: T[] = [];
  const undecodable: unknown[] = [];
  for (const [index, raw] of z.array(z.unknown()).parse(given).entries()) {
    if (isPlain(raw)) {
      rows.push(raw);
      continue;
    }
    const plain = withoutOddNames(raw);
    const found = row.safeParse(plain);
    if (found.success && (plain === raw || !isOwn(raw))) rows.push(found.data);
    else if (!found.success && (!isObject(raw) || isOwn(raw))) throw errorAt(index, found.error);
    else undecodable.push(raw);
  }
  // All rows fail to decode, also without odd names: the format is unknown.
  if (rows.length === 0 && undecodable.some((raw) => withoutOddNames(raw) === raw))
    z.array(row).parse(undecodable);
  return { rows, undecodable };
}

function errorAt(index: number, { issues }: z.ZodError): z.ZodError {
  return new z.ZodError(issues.map((issue) => ({ ...issue, path: [index, ...issue.path] })));
}

/** Returns the same object when it has no such name. */
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
