/** GRE and IP-in-IP tunnels as arguments of `ip link`, and in words. */
import type { IpTunnel } from './schema.ts';

/** Arguments of `ip link add` and `ip link change`. */
export function ipTunnelArguments({ type, local, remote, key, ttl }: IpTunnel): string {
  const common = `local ${local} remote ${remote}`;
  const keyed = key === undefined ? '' : ` key ${key}`;
  switch (type) {
    case 'gre':
      return `type gre ${common}${keyed} ttl ${ttl} pmtudisc`;
    case 'sit':
      return `type sit mode any ${common} ttl ${ttl} pmtudisc`;
    // By default the kernel adds a header for limits of nesting, which many routers do not know.
    case 'ip6gre':
      return `type ip6gre ${common}${keyed} hoplimit ${ttl} encaplimit none`;
    case 'ip6tnl':
      return `type ip6tnl mode any ${common} hoplimit ${ttl} encaplimit none`;
  }
}

export function printIpTunnel({ type, local, remote, key, ttl }: IpTunnel): string {
  return `${type} from ${local} to ${remote}${key === undefined ? '' : ` key ${key}`} ttl ${ttl}`;
}
