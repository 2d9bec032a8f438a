/**
 * Warns that a bridge has lost the address that its containers send to: the kernel removes the IPv6 addresses of a link
 * that goes down, and nobody adds them again when it comes up.
 */
import { contains, familyOf, firstUsable, prefixLength } from '../../../address/cidr.ts';
import type { Link } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import { addressOf } from '../../addresses.ts';
import type { Warning } from '../../redirect.ts';

/** @param bridge the network's bridge, if it exists */
export function lostAddress({ name, subnets, blocked }: NodeNetwork, bridge: Link | undefined): Warning[] {
  if (!bridge || bridge.down) return [];
  const open = subnets.filter((subnet) => !blocked.includes(familyOf(subnet)));
  const lost = open.filter(
    (subnet) => !bridge.addresses.some((prefix) => contains(subnet, addressOf(prefix))),
  );
  // Without any address, the engine has not set the bridge up yet, or its containers have no gateway on purpose.
  if (lost.length === open.length) return [];
  return lost.map((subnet) => {
    const address = `${firstUsable(subnet)}/${prefixLength(subnet)}`;
    const why = familyOf(subnet) === 6 ? 'a link that goes down loses its IPv6 addresses: ' : '';
    return {
      message: `network ${name}: its bridge ${bridge.name} has no address of ${subnet}, so its containers reach nothing by IPv${familyOf(subnet)}`,
      hint: `${why}\`ip address add ${address} dev ${bridge.name}\`, with the gateway address of the containers`,
    };
  });
}
