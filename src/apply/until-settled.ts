/**
 * One round may bring up what the next has to do: an engine tells only now what it calls the bridge of a network that
 * it has made; and `ip rule delete` takes the first rule that has all that is named, so for a rule about everything,
 * made in our name, it takes one about less that stands before it.
 *
 * @param round tells what is still to be done; one that tells the same for a second time is the last
 * @returns what the last round has told: nothing when all is done
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
