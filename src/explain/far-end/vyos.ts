import { type FarEnd, type IpFarEnd, hasIpv6, ofFamily, words } from './far-end.ts';
import { type System, onlyIpv4 } from './system.ts';

const tunnel = 'set interfaces tunnel tun0';
const wireguard = 'set interfaces wireguard wg0';

export const vyos: System = {
  name: 'VyOS 1.4, in configuration mode',
  comment: '#',
  tunnel: {
    gre: (farEnd) => [
      ...common(farEnd, farEnd.outer === 4 ? 'gre' : 'ip6gre'),
      ...(farEnd.key === undefined ? [] : [`${tunnel} parameters ip key ${farEnd.key}`]),
      ...(farEnd.outer === 4 ? [] : [`${tunnel} parameters ipv6 encaplimit none`]),
    ],
    ipip: (farEnd) => [
      ...onlyIpv4('#', hasIpv6(farEnd)),
      ...common(farEnd, farEnd.outer === 4 ? 'ipip' : 'ipip6'),
      ...(farEnd.outer === 4 ? [] : [`${tunnel} parameters ipv6 encaplimit none`]),
    ],
    wireguard: ({ mtu, port, peer, shared, allowed }) => [
      `${wireguard} private-key ${words.privateKey}`,
      `${wireguard} port ${port}`,
      `${wireguard} mtu ${mtu}`,
      `${wireguard} peer gateway public-key ${peer}`,
      ...(shared ? [`${wireguard} peer gateway preshared-key ${words.presharedKey}`] : []),
      ...allowed.map((one) => `${wireguard} peer gateway allowed-ips ${one}`),
    ],
  },
  rest: ({ type, addresses, routes, untranslated }) => [
    ...addresses.map((one) => `${type === 'wireguard' ? wireguard : tunnel} address ${one}`),
    ...ofFamily(4, routes).map((one) => `set protocols static route ${one} interface ${deviceOf(type)}`),
    ...ofFamily(6, routes).map((one) => `set protocols static route6 ${one} interface ${deviceOf(type)}`),
    ...ofFamily(4, untranslated).flatMap((one, i) =>
      natLines(`set nat source rule ${100 + i}`, 'address', one),
    ),
    ...ofFamily(6, untranslated).flatMap((one, i) =>
      natLines(`set nat66 source rule ${100 + i}`, 'prefix', one),
    ),
    'commit; save',
  ],
};

function deviceOf(type: FarEnd['type']): string {
  return type === 'wireguard' ? 'wg0' : 'tun0';
}

function common({ local, remote, mtu }: IpFarEnd, encapsulation: string): string[] {
  return [
    `${tunnel} encapsulation ${encapsulation}`,
    `${tunnel} source-address ${local}`,
    `${tunnel} remote ${remote}`,
    `${tunnel} mtu ${mtu}`,
  ];
}

function natLines(rule: string, field: string, source: string): string[] {
  return [
    `${rule} outbound-interface name ${words.uplink}`,
    `${rule} source ${field} ${source}`,
    `${rule} translation address masquerade`,
  ];
}
