/**
 * Repeats rounds until no difference is left, since a round may reveal work for the next one: the bridge name of a
 * network is known only once the engine has created it; and `ip rule delete` for a foreign rule with few selectors
 * deletes the first rule that matches them, which may be one of ours.
 *
 * @param round returns the differences that are left; stops when a result repeats
 * @returns the last result: empty when nothing is left
 */
export async function untilSettled(round: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const told = new Set<string>();
  for (;;) {
    const left = await round();
    const text = left.join('\n');
    if (left.length === 0 || told.has(text)) return left;
    told.add(text);
  }
}
