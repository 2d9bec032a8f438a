import { type Subnet, prefixLength, prefixMask } from '../../address/cidr.ts';
import { type IpFarEnd, hasIpv6, ofFamily, words } from './far-end.ts';
import { type System, onlyIpv4 } from './system.ts';

const device = 'Tunnel1';
/** headers of IPv4 and TCP */
const tcpHeaders = 40;

export const ios: System = {
  name: 'Cisco IOS, in configuration mode',
  comment: '!',
  tunnel: {
    gre: (farEnd) => [
      ...common(farEnd, farEnd.outer === 4 ? 'gre ip' : 'gre ipv6'),
      ...(farEnd.key === undefined ? [] : [` tunnel key ${farEnd.key}`]),
      // Linux drops them, and the interface would go down.
      ...(farEnd.outer === 4 ? [' no keepalive'] : []),
    ],
    ipip: (farEnd) => [
      ...onlyIpv4('!', farEnd.outer === 4 && hasIpv6(farEnd)),
      ...common(farEnd, farEnd.outer === 4 ? 'ipip' : 'ipv6'),
    ],
    wireguard: () => 'it has no WireGuard',
  },
  rest: ({ addresses, routes, untranslated }) => [
    ...(ofFamily(4, untranslated).length === 0 ? [] : [' ip nat inside']),
    'exit',
    ...(hasIpv6({ addresses, routes }) ? ['ipv6 unicast-routing'] : []),
    ...ofFamily(4, routes).map((one) => `ip route ${withMask(one)} ${device}`),
    ...ofFamily(6, routes).map((one) => `ipv6 route ${one} ${device}`),
    ...natLines(ofFamily(4, untranslated)),
    ...ofFamily(6, untranslated).map(
      (one) => `! ${one} needs addresses that the Internet knows: IOS has no NAT for it`,
    ),
  ],
};

function common({ gateway, addresses, routes, local, remote, mtu }: IpFarEnd, mode: string): string[] {
  return [
    `interface ${device}`,
    ` description gateway ${gateway}`,
    ...(ofFamily(4, addresses).length === 0 ? [` ip unnumbered ${words.uplink}`] : []),
    ...ofFamily(4, addresses).map((one) => ` ip address ${withMask(one)}`),
    ...ofFamily(6, addresses).map((one) => ` ipv6 address ${one}`),
    ...(hasIpv6({ addresses, routes }) && ofFamily(6, addresses).length === 0 ? [' ipv6 enable'] : []),
    ` ip mtu ${mtu}`,
    ` ip tcp adjust-mss ${mtu - tcpHeaders}`,
    ` tunnel source ${local}`,
    ` tunnel destination ${remote}`,
    ` tunnel mode ${mode}`,
  ];
}

function natLines(sources: readonly Subnet[]): string[] {
  if (sources.length === 0) return [];
  return [
    ...sources.map((one) => `access-list 10 permit ${one.split('/')[0] ?? ''} ${wildcard(one)}`),
    `ip nat inside source list 10 interface ${words.uplink} overload`,
    `interface ${words.uplink}`,
    ' ip nat outside',
  ];
}

function withMask(prefix: string): string {
  return `${prefix.split('/')[0] ?? ''} ${prefixMask(4, prefixLength(prefix))}`;
}

function wildcard(subnet: Subnet): string {
  const mask = prefixMask(4, prefixLength(subnet));
  return mask
    .split('.')
    .map((byte) => 255 - Number(byte))
    .join('.');
}
