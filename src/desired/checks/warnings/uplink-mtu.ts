/** Warns that an uplink's MTU differs from the file, which is the only source of the MTU for nodes. */
import type { Link } from '../../../state/facts.ts';
import type { MemberGateway } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

export function uplinkMtu({ name, uplink }: MemberGateway, link: Link | undefined): Warning[] {
  if (uplink.mtu === undefined || link?.mtu === undefined || uplink.mtu === link.mtu) return [];
  return [
    {
      message: `gateway ${name}: the file says that its uplink ${uplink.device} has mtu ${uplink.mtu}, and the device has ${link.mtu}`,
      hint: `write \`mtu: ${link.mtu}\` into the file, or \`ip link set ${uplink.device} mtu ${uplink.mtu}\``,
    },
  ];
}
