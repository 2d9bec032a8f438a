/** A pure function of a text that remembers its answers: a packet's way asks the same questions again and again. */
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

/** The same for a value that is never changed, only replaced; forgotten together with it. */
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
