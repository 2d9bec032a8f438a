/** Results that are kept as long as what they were computed from: lists of ten thousand subnets are asked for many times. */

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
