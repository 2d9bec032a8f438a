/** Settings of two gateways, b and c, that share one device of one host, and of their networks, web and post. */
import type { Family } from '../../src/address/cidr.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { Combination } from './pairwise.ts';

export const dimensions = {
  /** settings of b and of c */
  snat: ['masquerade c', 'b c', 'none masquerade', 'masquerade none', 'b none', 'none none'],
  publish: ['nothing', 'b', 'c', 'two ports', 'one port'],
  /** routes of web, which leaves by b */
  routes: ['none', 'port', 'destination', 'icmp', 'tcp, but one port'],
  /** direct destinations of web */
  direct: ['none', 'apart', 'within'],
  /** dns of both networks */
  dns: ['engine', 'gateway', 'address'],
  family: ['4', '6', 'both'],
  post: ['none', 'by b', 'by c', 'by c, udp by b'],
} as const;

export type Settings = Combination<typeof dimensions>;

/** family -> targets of probes, and addresses in the file */
export const places = {
  4: {
    web: '10.89.4.0/24',
    post: '10.89.5.0/24',
    outside: '203.0.113.10',
    narrow: '198.51.100.0/24',
    inNarrow: '198.51.100.10',
    apart: '192.0.2.0/24',
    inApart: '192.0.2.10',
    within: '198.51.100.64/26',
    inWithin: '198.51.100.70',
    resolver: '203.0.113.53',
    snat: { b: '203.0.114.6', c: '203.0.114.7' },
    targets: { web: '10.89.4.2', post: '10.89.5.2' },
  },
  6: {
    web: '2001:db8:89:4::/64',
    post: '2001:db8:89:5::/64',
    outside: '2001:db8:113::10',
    narrow: '2001:db8:114::/48',
    inNarrow: '2001:db8:114::10',
    apart: '2001:db8:115::/48',
    inApart: '2001:db8:115::10',
    within: '2001:db8:114:8000::/49',
    inWithin: '2001:db8:114:8000::10',
    resolver: '2001:db8:113::53',
    snat: { b: '2001:db8:116::6', c: '2001:db8:116::7' },
    targets: { web: '2001:db8:89:4::2', post: '2001:db8:89:5::2' },
  },
} as const;

export type Places = (typeof places)[Family];

export const networks = ['web', 'post'] as const;
export type NetworkName = (typeof networks)[number];
export type GatewayName = 'b' | 'c';

export function familiesOf({ family }: Pick<Settings, 'family'>): Family[] {
  return family === 'both' ? [4, 6] : [family === '4' ? 4 : 6];
}

export function networksOf({ post }: Pick<Settings, 'post'>): NetworkName[] {
  return post === 'none' ? ['web'] : ['web', 'post'];
}

/** `snat` of a gateway: `b` and `c` are their own addresses. */
export function snatOf({ snat }: Pick<Settings, 'snat'>, gateway: GatewayName): string {
  return snat.split(' ')[gateway === 'b' ? 0 : 1] ?? '';
}

/** Ports of the uplink, each with the gateway that publishes it. */
export function portsOf({ publish }: Pick<Settings, 'publish'>): { gateway: GatewayName; port: number }[] {
  const b = { gateway: 'b', port: 8080 } as const;
  const c = { gateway: 'c', port: publish === 'two ports' ? 8081 : 8080 } as const;
  if (publish === 'nothing') return [];
  return publish === 'b' ? [b] : publish === 'c' ? [c] : [b, c];
}

export function fileText(settings: Settings): string {
  const families = familiesOf(settings);
  const each = (read: (at: Places, family: Family) => string): string =>
    `[${families.map((family) => `"${read(places[family], family)}"`).join(', ')}]`;
  const hosts = (name: 'node1' | 'gw1'): string => each((_, family) => addressesOf(family)[name]);
  const dns = {
    engine: '',
    gateway: ', dns: gateway',
    address: `, dns: ${each(({ resolver }) => resolver)}`,
  };
  const network = (name: NetworkName, via: string, more: string): string =>
    `  ${name}: { engine: external, subnets: { node1: ${each((at) => at[name])} }, via: ${via}${dns[settings.dns]}${more} }\n`;
  const gateway = (name: GatewayName): string => {
    const snat = snatOf(settings, name);
    const text = snat === name ? each((at) => at.snat[name]) : snat;
    const ports = portsOf(settings).filter((one) => one.gateway === name);
    const target = name === 'b' ? 'web' : 'post';
    const published = ports.flatMap(({ port }) =>
      families.map((family) => `{ port: ${port}, to: "${places[family].targets[target]}", to_port: 80 }`),
    );
    return `  ${name}:
    members: [{ host: gw1, uplink: { device: uplink0, via: ${each((_, family) => addressesOf(family).upstream)} } }]
    snat: ${text}
${published.length > 0 ? `    publish: [${published.join(', ')}]\n` : ''}`;
  };
  const direct = settings.direct === 'none' ? '' : `, direct: ${each((at) => at[directOf[settings.direct]])}`;
  const routes = webRoutes(settings, each);
  const post = { none: '', 'by b': 'b', 'by c': 'c', 'by c, udp by b': 'c' }[settings.post];
  const postRoutes = settings.post === 'by c, udp by b' ? ', routes: [{ proto: udp, via: b }]' : '';
  return `version: 1
hosts: { node1: ${hosts('node1')}, gw1: ${hosts('gw1')} }
networks:
${network('web', 'b', `${direct}${routes}`)}${post === '' ? '' : network('post', post, postRoutes)}gateways:
${gateway('b')}${gateway('c')}`;
}

const directOf = { none: 'apart', apart: 'apart', within: 'within' } as const;

function webRoutes({ routes }: Settings, each: (read: (at: Places) => string) => string): string {
  const list = {
    none: '',
    port: '{ proto: tcp, ports: 81, via: c }',
    destination: `{ to: ${each(({ narrow }) => narrow)}, via: c }`,
    icmp: '{ proto: icmp, via: c }',
    'tcp, but one port': '{ proto: tcp, via: c }, { proto: tcp, ports: 81, via: b }',
  }[routes];
  return list === '' ? '' : `, routes: [${list}]`;
}
