/** Existing networks that cannot be redirected. */
import type { NetworkFacts } from '../state/facts.ts';

/** @param what where it is, and what is in the way: `docker has it, and it is internal` */
export function unfitNetwork(what: string): Required<Pick<NetworkFacts, 'unfit'>> {
  const hint =
    'only a network of one bridge that leads outside can be redirected: name another, or make this one anew';
  return { unfit: { what, hint } };
}

/** Its packets leave by a device of its own and do not pass this host's rules. */
export function bridgelessNetwork(what: string): Pick<NetworkFacts, 'unfit' | 'subnets'> {
  const { unfit } = unfitNetwork(what);
  const hint = `its packets do not pass the rules of this host, so they cannot be blocked here; ${unfit.hint}`;
  // They may be those of this host's own links.
  return { unfit: { ...unfit, hint }, subnets: [] };
}
