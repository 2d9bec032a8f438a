/** Our own tunnels among the links of a host. */
import { isLinkLocalPrefix } from '../address/cidr.ts';
import type { Tunnel } from '../kinds/tunnel/schema.ts';
import type { Link } from './facts.ts';

/** The kernel gives link-local addresses to all tunnels but those of WireGuard. */
export function ownTunnels(links: readonly Link[]): Tunnel[] {
  return links.flatMap(({ name, ours, tunnel, mtu = 0, down, addresses }) =>
    ours && tunnel
      ? [
          {
            kind: 'tunnel',
            device: name,
            ...tunnel,
            mtu,
            addresses: addresses.filter(
              (prefix) => tunnel.type === 'wireguard' || !isLinkLocalPrefix(prefix),
            ),
            ...(down ? { down } : {}),
          } satisfies Tunnel,
        ]
      : [],
  );
}
