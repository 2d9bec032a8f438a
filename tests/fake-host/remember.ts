/** Memoises a pure function of a text: the path of a packet needs the same results again and again. */
export function remember<R>(compute: (text: string) => R): (text: string) => R {
  const answers = new Map<string, R>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = compute(text);
    answers.set(text, answer);
    return answer;
  };
}

/** Memoises a function of an immutable object; the result is released together with the object. */
export function rememberOf<K extends object, R>(compute: (value: K) => R): (value: K) => R {
  const answers = new WeakMap<K, R>();
  return (value) => {
    const known = answers.get(value);
    if (known !== undefined) return known;
    const answer = compute(value);
    answers.set(value, answer);
    return answer;
  };
}
