/** A bridge that the file names, and that is something else on this host: rules by that device would hit others. */
import type { Facts } from '../../state/facts.ts';
import { bridgeOf } from '../engines/bridge.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Refusal } from '../redirect.ts';

export function bridgeRefusals(network: NodeNetwork, facts: Facts): Refusal[] {
  return [...kindRefusals(network, facts), ...defaultRouteRefusals(network, facts)];
}

/** What comes from there to this host has sources of the whole internet, and would be dropped as a container's. */
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

function kindRefusals({ name, bridge }: NodeNetwork, { links }: Pick<Facts, 'links'>): Refusal[] {
  const link = bridge === undefined ? undefined : links.find((one) => one.name === bridge);
  if (!link || link.type === 'bridge') return [];
  return [
    {
      message: `network ${name}: ${link.name} is not a bridge: this host has a device of that name${link.type === undefined ? '' : `, of type ${link.type}`}`,
      hint: 'write the name of the bridge that the containers are on: `ip link show type bridge` lists them',
    },
  ];
}
