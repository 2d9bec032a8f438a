/** What the file may already say and this version cannot do yet. Each line goes away with the work it waits for. */
import type { Family } from '../address/cidr.ts';

/** all engines of the format: `src/engines` has to have each of them, the type checker sees to it */
export const engineNames = ['podman', 'docker', 'nerdctl', 'cni', 'external'] as const;

/** address families of the datapath that no code handles yet */
const awaitedFamilies: readonly Family[] = [6];

export function isSupportedFamily(family: Family): boolean {
  return !awaitedFamilies.includes(family);
}
