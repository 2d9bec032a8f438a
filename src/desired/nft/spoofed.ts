/**
 * Spoofed source addresses: packets of a container with an address outside of its network's subnets. They are counted
 * and dropped on the bridge before conntrack or anything else in the kernel sees them, so that no host answers them.
 * Frames that stay inside the bridge are exempt; with br_netfilter they pass these chains too.
 */
import { type Family, families } from '../../address/cidr.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { hex } from '../../kinds/words.ts';
import { type Redirect, type DesiredObject, bridgesOf, isBridged } from '../redirect.ts';
import { bridgedSubnets, isNotOfBridge, isOfBridge } from './on-bridge.ts';
import { isRedirected } from './subnet-sets.ts';

/** before defragmentation (-400): the kernel answers the source of a packet with missing fragments */
const beforeDefrag = -450;
/** before filter chains of other programs (0), which might accept the packet */
const beforeFilter = -1;

export function spoofedChains(redirects: readonly Redirect[]): DesiredObject[] {
  return [...sourceChains(redirects), ...inputChains(redirects)];
}

function sourceChains(redirects: readonly Redirect[]): DesiredObject[] {
  const known = families.filter((family) => bridgedSubnets(family, redirects).length > 0);
  if (known.length === 0) return [];
  return [
    chain(
      'sources',
      known.map((family) => `iifname @bridges ${isNotOfBridge(family, 'source', redirects)} goto spoofed`),
      'check the source address of every packet from a redirected network',
      { type: 'filter', hook: 'prerouting', priority: beforeDefrag },
    ),
    chain(
      'spoofed',
      [
        ...known.flatMap((family) => neededSources(family, redirects)),
        `fib daddr type local ${dropped}`,
        // Chain `input` checks those that are addressed to this host.
        ...['multicast', 'broadcast'].map((type) => `fib daddr type ${type} return`),
        ...known.flatMap((family) =>
          isOfBridge(family, 'destination', redirects).map((own) => `${own} return`),
        ),
        dropped,
      ],
      'drop and count packets of a redirected network with a spoofed source address',
    ),
  ];
}

const dropped = 'iifname @spoofed drop';

/** Sources of neighbour discovery, which the kernel does not forward, and other subnets on the bridge. */
function neededSources(family: Family, redirects: readonly Redirect[]): string[] {
  const hasOthers = redirects.some(
    (redirect) => isBridged(redirect) && redirect.family === family && redirect.otherBridgeSubnets.length > 0,
  );
  return [
    ...(family === 6 ? ['ip6 saddr fe80::/10 return'] : []),
    ...(hasOthers ? [`${ipKeyword(family)} saddr . iifname @other_subnets${family} return`] : []),
  ];
}

/** br_netfilter forwards packets with a link-local source after DNAT: they must not reach another link. */
export function linkLocalDrops(redirects: readonly Redirect[]): string[] {
  return bridgedSubnets(6, redirects).length > 0 ? [`ip6 saddr fe80::/10 ct status dnat ${dropped}`] : [];
}

/**
 * The end of chain `prerouting`: every source of a family without a known subnet is spoofed, except published ports.
 */
export function unmentionedJumps(redirects: readonly Redirect[]): string[] {
  if (bridgesOf(redirects).length === 0) return [];
  return unmentioned(redirects).map(
    (family) => `meta nfproto ipv${family} iifname @bridges goto unmentioned`,
  );
}

export function unmentionedChains(
  redirects: readonly Redirect[],
  { bypassBit = 0 }: Numbers,
): DesiredObject[] {
  if (unmentionedJumps(redirects).length === 0) return [];
  return [
    chain(
      'unmentioned',
      [
        `ct direction reply ct status dnat meta mark set meta mark | ${hex(bypassBit)} return`,
        'ip6 saddr fe80::/10 return',
        ...['multicast', 'broadcast'].map((type) => `fib daddr type ${type} return`),
        dropped,
      ],
      'drop and count packets of a redirected network in an address family without a subnet',
    ),
  ];
}

/** Families without a subnet of any network here, in the file or an engine. */
function unmentioned(redirects: readonly Redirect[]): Family[] {
  return families.filter((family) => bridgedSubnets(family, redirects).length === 0);
}

/** UDP ports of tunnels on this host: VXLAN, the kernel's older VXLAN port, and Geneve */
const tunnelPorts = ['4789', '8472', '6081'];
/** IPv4 in IP, IPv6 in IP, GRE */
const tunnelProtocols = ['4', '41', '47'];

/** Packets to this host itself. A tunnel that ends here would decapsulate packets with any source. */
function inputChains(redirects: readonly Redirect[]): DesiredObject[] {
  const strangers = families.flatMap((family) => strangerJumps(family, redirects));
  const tunnels = families.flatMap((family) => {
    const some = redirects.filter((redirect) => redirect.family === family);
    return isRedirected(family, 'source', some).map((source) => `${source} jump tunnels`);
  });
  if (tunnels.length === 0) return [];
  return [
    ...(strangers.length > 0
      ? [
          chain(
            'strangers',
            [
              ...families.flatMap((family) => neededSources(family, redirects)),
              // DHCP, neighbour discovery and multicast listeners use these sources before they have an address.
              ...['ip saddr 0.0.0.0', 'ip6 saddr ::'].map((none) => `${none} return`),
              dropped,
            ],
            'drop packets to this host with a source address that no network of the bridge has',
          ),
        ]
      : []),
    chain(
      'tunnels',
      [
        ...tunnelPorts.map((port) => `udp dport ${port} drop`),
        ...tunnelProtocols.map((protocol) => `meta l4proto ${protocol} drop`),
      ],
      'drop encapsulated packets of containers to tunnels of this host',
    ),
    chain('input', [...strangers, ...tunnels], 'check packets to this host itself', {
      type: 'filter',
      hook: 'input',
      priority: beforeFilter,
    }),
  ];
}

function strangerJumps(family: Family, redirects: readonly Redirect[]): string[] {
  if (bridgesOf(redirects).length === 0) return [];
  if (bridgedSubnets(family, redirects).length > 0)
    return [`iifname @bridges ${isNotOfBridge(family, 'source', redirects)} jump strangers`];
  return unmentioned(redirects).includes(family)
    ? [`iifname @bridges meta nfproto ipv${family} jump strangers`]
    : [];
}
