/** Compares plain data: equal keys in any order, lists and maps in the same order. */
export function isAlike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((part, i) => isAlike(part, b[i]));
  }
  if (a instanceof Map && b instanceof Map) return isAlike([...a], [...b]);
  if (!isObject(a) || !isObject(b) || a instanceof Map || b instanceof Map) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isAlike(a[key], b[key]))
  );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
