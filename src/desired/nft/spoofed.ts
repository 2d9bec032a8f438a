/**
 * Spoofed source addresses: packets of a container with an address that is not its network's. A packet that comes in by
 * the bridge of a redirected network with another source is dropped, and counted, before conntrack or anything else of the
 * kernel looks at it, so that no host answers to it. Frames that stay inside the bridge are exempt; with br_netfilter they pass
 * these chains too.
 */
import { type Family, families } from '../../address/cidr.ts';
import { word } from './word.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { hex } from '../../kinds/words.ts';
import { type Redirect, type DesiredObject, bridgesOf, isBridged } from '../redirect.ts';
import { isNotOfBridge, isOfBridge, isRedirected, lengthsOf } from './subnet-sets.ts';

/** before fragments are put together (-400): the kernel tells their source when some are missing */
const beforeDefrag = -450;
/** before filter chains of other programs (0), which might accept the packet */
const beforeFilter = -1;

export function spoofedChains(redirects: readonly Redirect[]): DesiredObject[] {
  return [...sourceChains(redirects), ...inputChains(redirects)];
}

function sourceChains(redirects: readonly Redirect[]): DesiredObject[] {
  const known = families.filter((family) => lengthsIn(family, redirects).length > 0);
  if (known.length === 0) return [];
  return [
    {
      object: {
        kind: 'nft-chain',
        name: 'sources',
        hook: { type: 'filter', hook: 'prerouting', priority: beforeDefrag },
        rules: known.map(
          (family) =>
            `iifname @bridges ${isNotOfBridge(family, 'source', lengthsIn(family, redirects))} goto spoofed`,
        ),
      },
      why: 'check the source address of every packet from a redirected network',
    },
    chain(
      'spoofed',
      [
        ...known.flatMap((family) => neededSources(family, redirects)),
        `fib daddr type local ${dropped}`,
        // Chain `input` looks at what of it comes to this host.
        ...['multicast', 'broadcast'].map((type) => `fib daddr type ${type} return`),
        ...known.flatMap((family) =>
          isOfBridge(family, 'destination', lengthsIn(family, redirects)).map((own) => `${own} return`),
        ),
        dropped,
      ],
      'drop and count packets of a redirected network with a spoofed source address',
    ),
  ];
}

const dropped = 'iifname @spoofed drop';

/** Source addresses that neighbour discovery needs. The kernel does not forward them. */
function neededSources(family: Family, redirects: readonly Redirect[]): string[] {
  const hasOthers = redirects.some(
    (redirect) => redirect.family === family && redirect.otherBridgeSubnets.length > 0,
  );
  return [
    ...(family === 6 ? ['ip6 saddr fe80::/10 return'] : []),
    ...(hasOthers ? [`${word(family)} saddr . iifname @beside${family} return`] : []),
  ];
}

/** Link-local sources must not reach another link: br_netfilter forwards such packets after DNAT. */
export function linkLocalCalls(redirects: readonly Redirect[]): string[] {
  return lengthsIn(6, redirects).length > 0 ? [`ip6 saddr fe80::/10 ct status dnat ${dropped}`] : [];
}

/**
 * Rules for the end of chain `prerouting`: in a family without a known subnet, every source is foreign. Replies of published
 * ports pass: a declared exception.
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

/** Families in which neither the file nor an engine names a subnet of a network here. */
function unmentioned(redirects: readonly Redirect[]): Family[] {
  return families.filter((family) => lengthsIn(family, redirects).length === 0);
}

/** UDP ports that tunnels of this host listen on: VXLAN, the kernel's older port of it, and Geneve */
const tunnelPorts = ['4789', '8472', '6081'];
/** IPv4 in IP, IPv6 in IP, GRE */
const tunnelProtocols = ['4', '41', '47'];

/** Chains for packets to this host itself. A tunnel that ends here would release inner packets with any source. */
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
              // DHCP, neighbour discovery and multicast listeners ask so before they have an address.
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
    {
      object: {
        kind: 'nft-chain',
        name: 'input',
        hook: { type: 'filter', hook: 'input', priority: beforeFilter },
        rules: [...strangers, ...tunnels],
      },
      why: 'check packets to this host itself',
    },
  ];
}

function strangerJumps(family: Family, redirects: readonly Redirect[]): string[] {
  if (bridgesOf(redirects).length === 0) return [];
  const lengths = lengthsIn(family, redirects);
  if (lengths.length > 0)
    return [`iifname @bridges ${isNotOfBridge(family, 'source', lengths)} jump strangers`];
  return unmentioned(redirects).includes(family)
    ? [`iifname @bridges meta nfproto ipv${family} jump strangers`]
    : [];
}

function lengthsIn(family: Family, redirects: readonly Redirect[]): number[] {
  return lengthsOf(
    redirects
      .filter((redirect) => redirect.family === family && isBridged(redirect))
      .flatMap(({ subnets }) => subnets),
  );
}

function chain(name: string, rules: readonly string[], why: string): DesiredObject {
  return { object: { kind: 'nft-chain', name, rules }, why };
}
