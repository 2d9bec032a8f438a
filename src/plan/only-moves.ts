/** Changes of chains that add nothing. */
import type { Change } from '../kinds/index.ts';

/** Wanted rules come before those that are still there; that alone is nothing to tell. */
export function onlyMoves(change: Change): boolean {
  if (change.kind !== 'change' || change.from.kind !== 'nft-chain' || change.to.kind !== 'nft-chain')
    return false;
  const { from, to } = change;
  const sameHook = JSON.stringify(from.hook) === JSON.stringify(to.hook);
  return sameHook && from.foreign === undefined && to.rules.every((rule) => from.rules.includes(rule));
}
