/** What the ledger keeps of networks, for when their engines cannot be queried. */
import { families } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { DiscoveredNetwork } from '../../topology/discovered-networks.ts';
import type { HostRole } from '../../topology/role.ts';
import { bridgeOf } from './bridge.ts';
import type { NetworkState } from './obstacles.ts';
import { otherBridgeSubnetsOf } from './own-subnets.ts';

/** Network name -> bridge. */
export function bridgesToKeep(states: readonly NetworkState[], facts: Facts): Record<string, string> {
  const kept = states.flatMap((state) => {
    const bridge = bridgeOf(state.network, facts);
    if (bridge === undefined) return [];
    // At boot, the bridge has no addresses that show other subnets on it, so a shared bridge is not kept.
    const isShared = families.some((family) => otherBridgeSubnetsOf(state, bridge, family, facts).length > 0);
    return isShared ? [] : [[state.network.name, bridge] as const];
  });
  return Object.fromEntries(kept);
}

/** Networks that their labels redirect. */
export function discoveredToKeep({ networks }: Pick<HostRole, 'networks'>): DiscoveredNetwork[] {
  return networks
    .filter(({ byLabel }) => byLabel)
    .map(({ name, engine, subnets, gateway }) => ({ name, engine, subnets, via: gateway }));
}
