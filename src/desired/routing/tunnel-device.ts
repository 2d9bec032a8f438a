/** Tunnel devices as the file wants them. */
import { familyOf } from '../../address/cidr.ts';
import type { IpTunnel, Tunnel, Wireguard } from '../../kinds/tunnel/schema.ts';
import type { IpTunnelSpec, TunnelSpec, Uplink, WireguardSpec } from '../../spec/spec.ts';
import type { Facts, Link, WireguardEnds } from '../../state/facts.ts';
import { linkNamed } from './neighbours.ts';

/** MTU of Ethernet, for a far end without a route */
const usualMtu = 1500;

export function tunnelOf(uplink: Uplink, ends: TunnelSpec, facts: Facts): Tunnel {
  const { device, addresses = [] } = uplink;
  const common = {
    kind: 'tunnel' as const,
    device,
    mtu: uplink.mtu ?? pathMtu(device, ends.remote, facts) - headers(ends),
    addresses,
  };
  return ends.type === 'wireguard'
    ? { ...common, ...wireguardOf(ends, linkNamed(device, facts)?.tunnel, facts) }
    : { ...common, ...ipTunnelOf(ends) };
}

/** Properties in which tunnels of one type differ. */
export type Described<T extends Tunnel> = Omit<T, 'kind' | 'device' | 'mtu' | 'addresses' | 'down'>;

export function ipTunnelOf(ends: IpTunnelSpec): Described<IpTunnel> {
  const { local, remote, key, ttl } = ends;
  return { type: ipTunnelType(ends), local, remote, ...(key === undefined ? {} : { key }), ttl };
}

/** The one peer may send, and be sent, everything: what goes there is decided by rules and routes. */
function wireguardOf(
  spec: WireguardSpec,
  found: Link['tunnel'],
  { keyFiles = {}, presharedKeyFiles = {} }: Facts,
): Described<Wireguard> {
  const { privateKeyFile, presharedKeyFile, peer, remote, remotePort, listenPort, keepalive } = spec;
  const now: Partial<WireguardEnds> = found?.type === 'wireguard' ? found : {};
  const keyFile = keyFiles[privateKeyFile];
  const publicKey = keyFile && 'publicKey' in keyFile ? keyFile.publicKey : now.publicKey;
  const shared = presharedKeyFile === undefined ? undefined : presharedKeyFiles[presharedKeyFile];
  const digest =
    shared && 'digest' in shared
      ? shared.digest
      : presharedKeyFile && now.peers?.find((one) => one.publicKey === peer)?.presharedKeyDigest;
  const port = listenPort ?? now.listenPort;
  return {
    type: 'wireguard',
    privateKeyFile,
    ...(presharedKeyFile === undefined ? {} : { presharedKeyFile }),
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(port === undefined ? {} : { listenPort: port }),
    peers: [
      {
        publicKey: peer,
        endpoint: `${familyOf(remote) === 6 ? `[${remote}]` : remote}:${remotePort}`,
        allowedIps: ['0.0.0.0/0', '::/0'],
        ...(keepalive === undefined ? {} : { keepalive }),
        ...(digest ? { presharedKeyDigest: digest } : {}),
      },
    ],
  };
}

/** Kind of the kernel's device. */
export function tunnelType(ends: TunnelSpec): Tunnel['type'] {
  return ends.type === 'wireguard' ? 'wireguard' : ipTunnelType(ends);
}

export function ipTunnelType({ type, remote }: IpTunnelSpec): IpTunnel['type'] {
  if (type === 'gre') return familyOf(remote) === 4 ? 'gre' : 'ip6gre';
  return familyOf(remote) === 4 ? 'sit' : 'ip6tnl';
}

/** Bytes of the outer header, and of the tunnel's own: WireGuard has UDP, its header, and an authentication tag. */
function headers(ends: TunnelSpec): number {
  const outer = familyOf(ends.remote) === 4 ? 20 : 40;
  switch (ends.type) {
    case 'ipip':
      return outer;
    case 'gre':
      return outer + (ends.key === undefined ? 4 : 8);
    case 'wireguard':
      return outer + 8 + 16 + 16;
  }
}

function pathMtu(device: string, remote: string, facts: Facts): number {
  const outer = facts.outerRoutes?.[remote];
  if (!outer || 'error' in outer || outer.device === device) return usualMtu;
  return outer.mtu ?? linkNamed(outer.device, facts)?.mtu ?? usualMtu;
}

/** Kind of device -> module of the kernel. */
export const tunnelModules = {
  gre: 'ip_gre',
  ip6gre: 'ip6_gre',
  sit: 'sit',
  ip6tnl: 'ip6_tunnel',
  wireguard: 'wireguard',
} as const;
