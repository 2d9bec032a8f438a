/** Warns about tunnels that accept packets from any sender: from containers too, with any inner source address. */
import type { Link } from '../../../state/facts.ts';
import type { HostRole } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

export function openTunnels(
  { networks, gateways }: Pick<HostRole, 'networks' | 'gateways'>,
  links: readonly Link[],
): Warning[] {
  if (networks.length === 0 && !gateways.some(({ served }) => served.length > 0)) return [];
  return links.flatMap(({ name, type, down, openTunnel }) => {
    if (openTunnel === undefined || down) return [];
    return [
      {
        message: `${name} (${type}) takes encapsulated packets from any sender, so also from containers of redirected networks: the packets inside come in by ${name}, where source addresses are not checked`,
        hint: `drop what those networks send to it in an input chain of this host's firewall (\`${openTunnel} drop\` with their subnets as source), or remove the tunnel`,
      },
    ];
  });
}
