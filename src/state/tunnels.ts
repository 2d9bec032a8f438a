/** Our own tunnels among the links of a host. */
import { isLinkLocal } from '../address/cidr.ts';
import type { Tunnel } from '../kinds/tunnel/schema.ts';
import type { Link } from './facts.ts';

export function ownTunnels(links: readonly Link[]): Tunnel[] {
  return links.flatMap(({ name, ours, tunnel, mtu = 0, down, addresses }) =>
    ours && tunnel
      ? [
          {
            kind: 'tunnel',
            device: name,
            ...tunnel,
            mtu,
            addresses: addresses.filter((prefix) => !isLinkLocal(prefix.split('/')[0] ?? '')),
            ...(down ? { down } : {}),
          } satisfies Tunnel,
        ]
      : [],
  );
}
