/** Refuses a bridge that is another kind of device, or that carries this host's default route. */
import type { Facts } from '../../state/facts.ts';
import { bridgeOf } from '../engines/bridge.ts';
import { linkNamed } from '../routing/neighbours.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Refusal } from '../redirect.ts';

export function bridgeRefusals(network: NodeNetwork, facts: Facts): Refusal[] {
  return [...kindRefusals(network, facts), ...defaultRouteRefusals(network, facts)];
}

/** Packets from a default router have any source address, and would be dropped as spoofed. */
function defaultRouteRefusals(network: NodeNetwork, facts: Facts): Refusal[] {
  const bridge = bridgeOf(network, facts);
  if (!facts.defaultHops.some(({ device }) => device === bridge)) return [];
  return [
    {
      message: `network ${network.name}: this host's own default route leaves by its bridge ${bridge ?? ''}`,
      hint: 'put the containers on a bridge of their own: redirecting this bridge would cut off the host itself',
    },
  ];
}

function kindRefusals({ name, bridge }: NodeNetwork, facts: Facts): Refusal[] {
  const link = linkNamed(bridge, facts);
  if (!link || link.type === 'bridge') return [];
  return [
    {
      message: `network ${name}: ${link.name} is not a bridge: this host has a device of that name${link.type === undefined ? '' : `, of type ${link.type}`}`,
      hint: 'write the name of the bridge that the containers are on: `ip link show type bridge` lists them',
    },
  ];
}
