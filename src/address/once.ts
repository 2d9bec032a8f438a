/** Results that are kept as long as what they were computed from: lists of ten thousand subnets are asked for many times. */

/**
 * @param compute a pure function
 * @returns the same function, which keeps its last result: files are read again and again, and seldom change. The result
 *   may not be changed.
 */
export function onceInARow<Result>(compute: (text: string) => Result): (text: string) => Result {
  let last: { readonly text: string; readonly result: Result } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: compute(text) };
    return last.result;
  };
}

/** The items of a list, to look them up. */
export const asSet = onceForEach((items: readonly unknown[]): ReadonlySet<unknown> => new Set(items));

/**
 * @param compute a pure function
 * @returns the same function, which computes once for each object. Neither the object nor the result may be changed.
 */
export function onceForEach<Key extends object, Result>(compute: (key: Key) => Result): (key: Key) => Result {
  const results = new WeakMap<Key, { readonly result: Result }>();
  return (key) => {
    const known = results.get(key);
    if (known) return known.result;
    const result = compute(key);
    results.set(key, { result });
    return result;
  };
}
