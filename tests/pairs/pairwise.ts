/** Combinations of settings that together contain every compatible pair of settings. */

export type Combination<D extends Dimensions> = { readonly [K in keyof D]: D[K][number] };

type Dimensions = Readonly<Record<string, readonly string[]>>;

/** All combinations. */
export function product<D extends Dimensions>(dimensions: D): Combination<D>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(dimensions)) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return all as Combination<D>[];
}

/** Pairs of settings of different dimensions. */
export function pairsOf(combination: Readonly<Record<string, string>>): string[] {
  const settings = Object.entries(combination).map(([name, value]) => `${name} ${value}`);
  return settings.flatMap((a, i) => settings.slice(i + 1).map((b) => `${a} / ${b}`));
}

/** Selects few combinations that contain all pairs: the next one has most of the missing pairs. */
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
