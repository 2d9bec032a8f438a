/** Combinations of settings such that each two settings that can stand together do so in one of them. */

export type Combination<D extends Dimensions> = { readonly [K in keyof D]: D[K][number] };

type Dimensions = Readonly<Record<string, readonly string[]>>;

/** Every combination there is. */
export function product<D extends Dimensions>(dimensions: D): Combination<D>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(dimensions)) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return all as Combination<D>[];
}

/** Two settings, each of another dimension. */
export function pairsOf(combination: Readonly<Record<string, string>>): string[] {
  const settings = Object.entries(combination).map(([name, value]) => `${name} ${value}`);
  return settings.flatMap((a, i) => settings.slice(i + 1).map((b) => `${a} / ${b}`));
}

/** Of some combinations, few that have all pairs of them; the one that has most of what is left comes next. */
export function covering<C extends Readonly<Record<string, string>>>(
  all: readonly C[],
  known: ReadonlySet<string> = new Set(),
): C[] {
  const candidates = all.map((one) => ({ one, pairs: pairsOf(one).filter((pair) => !known.has(pair)) }));
  const left = new Set(candidates.flatMap(({ pairs }) => pairs));
  const chosen: C[] = [];
  while (left.size > 0) {
    let best: { one: C; count: number } | undefined;
    for (const { one, pairs } of candidates) {
      const count = pairs.filter((pair) => left.has(pair)).length;
      if (count > (best?.count ?? 0)) best = { one, count };
    }
    if (!best) break;
    chosen.push(best.one);
    for (const pair of pairsOf(best.one)) left.delete(pair);
  }
  return chosen;
}
