import { type FarEnd, type IpFarEnd, type WireguardFarEnd, hasIpv6, ofFamily, words } from './far-end.ts';
import { type System, onlyIpv4 } from './system.ts';

export const openwrt: System = {
  name: 'OpenWrt',
  comment: '#',
  tunnel: {
    gre: (farEnd) => [
      ...section(farEnd, farEnd.outer === 4 ? 'gre' : 'grev6', 'gre'),
      ...(farEnd.key === undefined
        ? []
        : ['ikey', 'okey'].map((name) => set(`network.${nameOf(farEnd)}.${name}`, farEnd.key))),
      ...(farEnd.outer === 4 ? [] : [set(`network.${nameOf(farEnd)}.encaplimit`, 'ignore')]),
    ],
    ipip: (farEnd) =>
      farEnd.outer === 4
        ? [...onlyIpv4('#', hasIpv6(farEnd)), ...section(farEnd, 'ipip', 'ipip')]
        : 'it has no tunnel of this type over IPv6 that carries both families: write `gre` into the file',
    wireguard: wireguardLines,
  },
  rest: (farEnd) => [
    ...(farEnd.type === 'wireguard' ? [] : addressLines(farEnd)),
    ...routeLines(farEnd),
    '# zone lan of the usual configuration: it is forwarded to wan, which masquerades IPv4',
    `uci add_list firewall.@zone[0].network='${nameOf(farEnd)}'`,
    'uci add firewall rule',
    ...Object.entries({
      name: nameOf(farEnd),
      src: 'wan',
      ...(farEnd.type === 'wireguard'
        ? { proto: 'udp', dest_port: farEnd.port }
        : { src_ip: farEnd.remote, proto: farEnd.type === 'gre' ? '47' : '4' }),
      target: 'ACCEPT',
    }).map(([key, value]) => set(`firewall.@rule[-1].${key}`, value)),
    'uci commit',
    'service network reload; service firewall reload',
  ],
};

/** Name of a section. The device is called `gre4-NAME`, which may have 15 characters. */
function nameOf({ device }: Pick<FarEnd, 'device'>): string {
  return device.replaceAll(/\W/g, '_').slice(0, 10);
}

function wireguardLines(farEnd: WireguardFarEnd): string[] {
  const name = nameOf(farEnd);
  const peer = `network.@wireguard_${name}[-1]`;
  return [
    '# needs the package wireguard-tools',
    set(`network.${name}`, 'interface'),
    ...Object.entries({
      proto: 'wireguard',
      private_key: words.privateKey,
      listen_port: farEnd.port,
      mtu: farEnd.mtu,
    }).map(([key, value]) => set(`network.${name}.${key}`, value)),
    ...farEnd.addresses.map((one) => `uci add_list network.${name}.addresses='${one}'`),
    `uci add network wireguard_${name}`,
    set(`${peer}.public_key`, farEnd.peer),
    ...(farEnd.shared ? [set(`${peer}.preshared_key`, words.presharedKey)] : []),
    ...farEnd.allowed.map((one) => `uci add_list ${peer}.allowed_ips='${one}'`),
  ];
}

function section(farEnd: IpFarEnd, proto: string, from: string): string[] {
  const name = nameOf(farEnd);
  const ends =
    farEnd.outer === 4
      ? { ipaddr: farEnd.local, peeraddr: farEnd.remote }
      : { ip6addr: farEnd.local, peer6addr: farEnd.remote };
  return [
    `# needs the package ${from}`,
    set(`network.${name}`, 'interface'),
    ...Object.entries({ proto, ...ends, mtu: farEnd.mtu, ttl: farEnd.ttl }).map(([key, value]) =>
      set(`network.${name}.${key}`, value),
    ),
  ];
}

function addressLines(farEnd: FarEnd): string[] {
  const { addresses } = farEnd;
  if (addresses.length === 0) return [];
  const name = `${nameOf(farEnd)}_ip`;
  return [
    set(`network.${name}`, 'interface'),
    set(`network.${name}.proto`, 'static'),
    set(`network.${name}.device`, `@${nameOf(farEnd)}`),
    ...ofFamily(4, addresses).map((one) => `uci add_list network.${name}.ipaddr='${one}'`),
    ...ofFamily(6, addresses).map((one) => `uci add_list network.${name}.ip6addr='${one}'`),
  ];
}

function routeLines(farEnd: FarEnd): string[] {
  return ([4, 6] as const).flatMap((family) =>
    ofFamily(family, farEnd.routes).flatMap((subnet) => {
      const type = family === 4 ? 'route' : 'route6';
      return [
        `uci add network ${type}`,
        set(`network.@${type}[-1].interface`, nameOf(farEnd)),
        set(`network.@${type}[-1].target`, subnet),
      ];
    }),
  );
}

function set(key: string, value: string | number | undefined): string {
  return `uci set ${key}='${value ?? ''}'`;
}
