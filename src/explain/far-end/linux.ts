import { ipTunnelArguments } from '../../kinds/tunnel/ip-tunnel.ts';
import { ipTunnelType } from '../../desired/routing/tunnel-device.ts';
import { type FarEnd, type IpFarEnd, type WireguardFarEnd, hasIpv6, ofFamily, words } from './far-end.ts';
import type { System } from './system.ts';

export const linux: System = {
  name: 'Linux, as root',
  comment: '#',
  tunnel: {
    gre: tunnelLines,
    ipip: tunnelLines,
    wireguard: wireguardLines,
  },
  rest: ({ device, addresses, routes, untranslated }) => [
    ...addresses.map((one) => `ip address add ${one} dev ${device}`),
    ...routes.map((subnet) => `ip route add ${subnet} dev ${device}`),
    'sysctl -w net.ipv4.ip_forward=1',
    ...(hasIpv6({ addresses, routes }) ? ['sysctl -w net.ipv6.conf.all.forwarding=1'] : []),
    ...natLines(device, untranslated),
  ],
};

function wireguardLines({ device, mtu, port, peer, shared, allowed }: WireguardFarEnd): string[] {
  const file = `/etc/wireguard/${device}`;
  return [
    `ip link add ${device} type wireguard`,
    `(umask 077; echo ${words.privateKey} >${file}.key)`,
    ...(shared ? [`(umask 077; echo ${words.presharedKey} >${file}.psk)`] : []),
    `wg set ${device} listen-port ${port} private-key ${file}.key peer ${peer} ${shared ? `preshared-key ${file}.psk ` : ''}allowed-ips ${allowed.join(',')}`,
    `ip link set ${device} mtu ${mtu} up`,
  ];
}

function tunnelLines(farEnd: IpFarEnd): string[] {
  const { device, mtu } = farEnd;
  const tunnel = { kind: 'tunnel', ...farEnd, type: ipTunnelType(farEnd) } as const;
  return [`ip link add ${device} ${ipTunnelArguments(tunnel)}`, `ip link set ${device} mtu ${mtu} up`];
}

function natLines(device: string, sources: FarEnd['untranslated']): string[] {
  if (sources.length === 0) return [];
  const rule = (family: 'ip' | 'ip6', subnets: readonly string[]): string[] =>
    subnets.length === 0
      ? []
      : [
          `nft add rule inet far_end nat ${family} saddr { ${subnets.join(', ')} } oifname != ${device} masquerade`,
        ];
  return [
    'nft add table inet far_end',
    "nft add chain inet far_end nat '{ type nat hook postrouting priority srcnat; }'",
    ...rule('ip', ofFamily(4, sources)),
    ...rule('ip6', ofFamily(6, sources)),
  ];
}
