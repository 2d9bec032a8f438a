/** A bridge that the file names, and that is something else on this host: rules by that device would hit others. */
import type { Facts } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Refusal } from './parts.ts';

export function bridgeRefusals({ name, bridge }: NodeNetwork, { links }: Pick<Facts, 'links'>): Refusal[] {
  const link = bridge === undefined ? undefined : links.find((one) => one.name === bridge);
  if (!link || link.type === 'bridge') return [];
  return [
    {
      message: `network ${name}: ${link.name} is not a bridge: this host has a device of that name${link.type === undefined ? '' : `, of type ${link.type}`}`,
      hint: 'write the name of the bridge that the containers are on: `ip link show type bridge` lists them',
    },
  ];
}
