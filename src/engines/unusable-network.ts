/** Existing networks that cannot be redirected. */
import type { NetworkFacts } from '../state/facts.ts';

/** @param what where the network is, and why it cannot be redirected: `docker has it, and it is internal` */
export function unusableNetwork(what: string): Required<Pick<NetworkFacts, 'unusable'>> {
  const hint =
    'only a network of one bridge that leads outside can be redirected: name another, or make this one anew';
  return { unusable: { what, hint } };
}

/** Network without a bridge on this host: its packets leave by a device of their own and bypass this host's rules. */
export function bridgelessNetwork(what: string): Pick<NetworkFacts, 'unusable' | 'subnets'> {
  const { unusable } = unusableNetwork(what);
  const hint = `its packets do not pass the rules of this host, so they cannot be blocked here; ${unusable.hint}`;
  // The subnets may be those of this host's own links.
  return { unusable: { ...unusable, hint }, subnets: [] };
}
