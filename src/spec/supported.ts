/** What the file may already say and this version cannot do yet. Each line goes away with the work it waits for. */
import type { Family } from '../address/cidr.ts';
import { type EngineName, engineNames } from './spec.ts';

/** engines of the file that no code handles yet */
const awaitedEngines: readonly EngineName[] = ['docker', 'nerdctl', 'cni'];

/** address families of the datapath that no code handles yet */
const awaitedFamilies: readonly Family[] = [6];

export const supportedEngines = engineNames.filter((name) => !awaitedEngines.includes(name));

export function isSupportedFamily(family: Family): boolean {
  return !awaitedFamilies.includes(family);
}
