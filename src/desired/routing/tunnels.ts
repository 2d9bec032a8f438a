/** Tunnels of this host's uplinks, as the host should have them. */
import { sendRedirectsName } from '../../kinds/sysctl/schema.ts';
import type { Tunnel } from '../../kinds/tunnel/schema.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { DesiredObject } from '../redirect.ts';
import { linkNamed } from './neighbours.ts';
import { tunnelOf } from './tunnel-device.ts';
import { otherKind, tunnelObstacles } from './tunnel-obstacles.ts';

/** The links of the host as they will be: with the tunnels of the file, which may not exist yet. */
export function withTunnels(role: HostRole, facts: Facts): Facts {
  const planned = new Map(tunnelsOf(role, facts).map(({ tunnel }) => [tunnel.device, linkOf(tunnel, facts)]));
  if (planned.size === 0) return facts;
  const others = facts.links.filter(({ name }) => !planned.has(name));
  return { ...facts, links: [...others, ...planned.values()] };
}

export function desiredTunnels(role: HostRole, facts: Facts): DesiredObject[] {
  return tunnelsOf(role, facts).map(({ tunnel, gateway }) => ({
    object: tunnel,
    why: `the uplink of gateway ${gateway}`,
  }));
}

/** The setting that the kernel changes when a WireGuard device comes up, so that it can be given back. */
export function sendRedirects(role: HostRole, facts: Facts): DesiredObject[] {
  const { [sendRedirectsName]: before } = facts.ledger.sysctls;
  const switchedOff = tunnelsOf(role, facts).some(({ tunnel }) => tunnel.type === 'wireguard');
  const value = switchedOff ? '0' : before;
  if (value === undefined || !(sendRedirectsName in facts.sysctls)) return [];
  const why = switchedOff ? 'a WireGuard device switches it off' : 'restore the original value';
  return [{ object: { kind: 'sysctl', name: sendRedirectsName, value }, why }];
}

/** The tunnels of the file that can be made, each once; and those that we have made already, unless they go first. */
function tunnelsOf(
  { gateways }: HostRole,
  facts: Facts,
): { readonly tunnel: Tunnel; readonly gateway: string }[] {
  const found = gateways.flatMap((gateway) => {
    const { uplink } = gateway;
    if (!uplink.tunnel) return [];
    const tunnel = tunnelOf(uplink, uplink.tunnel, facts);
    const isKept = linkNamed(uplink.device, facts)?.ours === true && !otherKind(tunnel, facts);
    return isKept || tunnelObstacles(gateway, facts).length === 0 ? [{ tunnel, gateway: gateway.name }] : [];
  });
  return [...new Map(found.map((one) => [one.tunnel.device, one])).values()];
}

function linkOf(object: Tunnel, facts: Facts): Link {
  const { kind: _kind, device, mtu, addresses, down: _down, ...tunnel } = object;
  const { down: _wasDown, ...known } = linkNamed(device, facts) ?? { name: device, index: 0, addresses: [] };
  return {
    ...known,
    ethernet: false,
    ours: true,
    mtu,
    type: tunnel.type,
    tunnel,
    addresses: [...new Set([...addresses, ...known.addresses])],
  };
}
