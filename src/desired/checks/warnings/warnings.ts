/** Warnings: likely trouble that does not stop apply. */
import type { Facts } from '../../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../../topology/role.ts';
import { bridgeOf } from '../../engines/bridge.ts';
import type { Warning } from '../../redirect.ts';
import { factsOf } from '../../engines/network-facts.ts';
import { linkNamed } from '../../routing/neighbours.ts';
import { pathMtu } from '../../routing/path-mtu.ts';
import { type LinkIndex, bridgePorts, indexLinks } from './bridge-ports.ts';
import { flowLog } from './flow-log.ts';
import { fragments } from './fragments.ts';
import { lostAddress } from './lost-address.ts';
import { nameServer } from './name-server.ts';
import { networkMtu } from './network-mtu.ts';
import { openTunnels } from './open-tunnels.ts';
import { probes } from './probes.ts';
import { resetFlows } from './reset-flows.ts';
import { unmentionedFamily } from './unmentioned-family.ts';
import { uplinkMtu } from './uplink-mtu.ts';
import { whenDown } from './when-down.ts';

export function hostWarnings(
  { networks, gateways, failover }: Omit<HostRole, 'host' | 'addresses'>,
  facts: Facts,
): Warning[] {
  const index = indexLinks(facts.links);
  return [
    ...networks.flatMap((network) => networkWarnings(network, index, facts)),
    ...whenDown(networks, failover, facts),
    ...probes(failover, facts),
    ...openTunnels({ networks, gateways }, facts.links),
    ...gateways.flatMap((gateway) => [
      ...uplinkMtu(gateway, linkNamed(gateway.uplink.device, facts)),
      ...resetFlows(gateway, facts),
      ...flowLog(gateway, facts),
    ]),
  ];
}

function networkWarnings(network: NodeNetwork, index: LinkIndex, facts: Facts): Warning[] {
  const found = factsOf(network, facts);
  const path = pathMtu(network, facts);
  const bridgeName = bridgeOf(network, facts);
  const bridge = linkNamed(bridgeName, facts);
  return [
    ...unmentionedFamily(network, found, bridge),
    ...lostAddress(network, bridge),
    ...nameServer(network, found),
    ...networkMtu(network, found, bridge, path),
    ...fragments(network, path, facts),
    ...bridgePorts(network, bridgeName, index, facts),
  ];
}
