import { type FarEnd, type IpFarEnd, hasIpv6, ofFamily, words } from './far-end.ts';
import { type System, onlyIpv4 } from './system.ts';

/** Menus by family. */
const ip = { 4: '/ip', 6: '/ipv6' } as const;

export const routeros: System = {
  name: 'MikroTik RouterOS 7',
  comment: '#',
  tunnel: {
    gre: (farEnd) => [
      ...(farEnd.key === undefined
        ? []
        : [`# RouterOS has no keys of GRE: remove \`key: ${farEnd.key}\` from the file first`]),
      add(farEnd, farEnd.outer === 4 ? 'gre' : 'gre6'),
    ],
    ipip: (farEnd) => [
      ...onlyIpv4('#', hasIpv6(farEnd)),
      add(farEnd, farEnd.outer === 4 ? 'ipip' : 'ipipv6'),
    ],
    wireguard: ({ device, mtu, port, peer, shared, allowed }) => [
      `/interface wireguard add name=${device} listen-port=${port} mtu=${mtu} private-key="${words.privateKey}"`,
      `/interface wireguard peers add interface=${device} public-key="${peer}" ${shared ? `preshared-key="${words.presharedKey}" ` : ''}allowed-address=${allowed.join(',')}`,
    ],
  },
  rest: (farEnd) => [
    ...insideLines(farEnd),
    '# above the rule of chain input that drops the rest:',
    `${ip[farEnd.outer]} firewall filter add chain=input ${outerMatch(farEnd)} action=accept`,
  ],
};

/** Packets that a firewall lets in. */
function outerMatch(farEnd: FarEnd): string {
  if (farEnd.type === 'wireguard') return `protocol=udp dst-port=${farEnd.port}`;
  return `protocol=${farEnd.type === 'gre' ? 'gre' : 'ipencap'} src-address=${farEnd.remote}`;
}

function insideLines({ device, addresses, routes, untranslated }: FarEnd): string[] {
  return [
    ...both((family) =>
      ofFamily(family, addresses).map(
        (one) => `${ip[family]} address add address=${one} interface=${device}`,
      ),
    ),
    ...both((family) =>
      ofFamily(family, routes).map((one) => `${ip[family]} route add dst-address=${one} gateway=${device}`),
    ),
    ...both((family) =>
      ofFamily(family, untranslated).map(
        (one) =>
          `${ip[family]} firewall nat add chain=srcnat src-address=${one} out-interface=!${device} action=masquerade`,
      ),
    ),
  ];
}

/** By default its interface stops when keepalives are not answered, and Linux drops them. */
function add({ device, local, remote, mtu }: IpFarEnd, menu: string): string {
  return `/interface ${menu} add name=${device} local-address=${local} remote-address=${remote} mtu=${mtu} !keepalive`;
}

function both(lines: (family: 4 | 6) => string[]): string[] {
  return [...lines(4), ...lines(6)];
}
