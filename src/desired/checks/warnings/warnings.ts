/** Warnings: likely trouble that does not stop apply. */
import type { Facts, Link } from '../../../state/facts.ts';
import type { HostRole, NodeNetwork } from '../../../topology/role.ts';
import { bridgeOf } from '../../engines/bridge.ts';
import type { Warning } from '../../redirect.ts';
import { factsOf } from '../../engines/network-facts.ts';
import { wayMtu } from '../../routing/way-mtu.ts';
import { type LinkIndex, bridgePorts, indexLinks } from './bridge-ports.ts';
import { fragments } from './fragments.ts';
import { nameServer } from './name-server.ts';
import { networkMtu } from './network-mtu.ts';
import { openTunnels } from './open-tunnels.ts';
import { unmentionedFamily } from './unmentioned-family.ts';
import { uplinkMtu } from './uplink-mtu.ts';

export function hostWarnings(
  { networks, gateways }: Omit<HostRole, 'host' | 'addresses'>,
  facts: Facts,
): Warning[] {
  const index = indexLinks(facts.links);
  return [
    ...networks.flatMap((network) => networkWarnings(network, index, facts)),
    ...openTunnels({ networks, gateways }, facts.links),
    ...gateways.flatMap((gateway) => uplinkMtu(gateway, linkNamed(gateway.uplink.device, facts))),
  ];
}

function networkWarnings(network: NodeNetwork, index: LinkIndex, facts: Facts): Warning[] {
  const found = factsOf(network, facts);
  const way = wayMtu(network, facts);
  const bridgeName = bridgeOf(network, facts);
  const bridge = linkNamed(bridgeName, facts);
  return [
    ...unmentionedFamily(network, found, bridge),
    ...nameServer(network, found),
    ...networkMtu(network, found, bridge, way),
    ...fragments(network, way, facts),
    ...bridgePorts(network, bridgeName, index, facts),
  ];
}

function linkNamed(name: string | undefined, { links }: Facts): Link | undefined {
  return links.find((link) => link.name === name);
}
