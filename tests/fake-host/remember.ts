/** A pure function of texts that remembers its answers: a packet's way asks the same questions again and again. */
export function remember<A extends readonly string[], R>(compute: (...args: A) => R): (...args: A) => R {
  const answers = new Map<string, R>();
  return (...args) => {
    const key = args.join('\n');
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = compute(...args);
    answers.set(key, answer);
    return answer;
  };
}
