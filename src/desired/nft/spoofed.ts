/**
 * Sources that are not a network's own: what a container sends with an address that it gave itself. A packet that comes in by
 * the bridge of a redirected network with another source is dropped, and counted, before conntrack or anything else of the
 * kernel looks at it: neither this host nor anybody else may answer to it. Frames that stay inside the bridge are nobody's
 * business but its containers'; with br_netfilter they come by here too.
 */
import { type Family, families } from '../../address/cidr.ts';
import { word } from './word.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { hex } from '../../kinds/words.ts';
import { type Part, type Wanted, bridgesOf, isBridged } from '../parts.ts';
import { isNotOfBridge, isOfBridge, isRedirected, lengthsOf } from './subnet-sets.ts';

/** before fragments are put together (-400): the kernel tells their source when some are missing */
const beforeDefrag = -450;
/** before any filter chain of others (0), which might accept */
const beforeFilter = -1;

export function spoofedChains(parts: readonly Part[]): Wanted[] {
  return [...sourceChains(parts), ...inputChains(parts)];
}

function sourceChains(parts: readonly Part[]): Wanted[] {
  const known = families.filter((family) => lengthsIn(family, parts).length > 0);
  if (known.length === 0) return [];
  return [
    {
      object: {
        kind: 'nft-chain',
        name: 'sources',
        hook: { type: 'filter', hook: 'prerouting', priority: beforeDefrag },
        rules: known.map(
          (family) =>
            `iifname @bridges ${isNotOfBridge(family, 'source', lengthsIn(family, parts))} goto spoofed`,
        ),
      },
      why: 'looks at the source of every packet that comes from a redirected network',
    },
    chain(
      'spoofed',
      [
        ...known.flatMap((family) => neededSources(family, parts)),
        `fib daddr type local ${dropped}`,
        // Chain `input` looks at what of it comes to this host.
        ...['multicast', 'broadcast'].map((type) => `fib daddr type ${type} return`),
        ...known.flatMap((family) =>
          isOfBridge(family, 'destination', lengthsIn(family, parts)).map((own) => `${own} return`),
        ),
        dropped,
      ],
      'drops, and counts, what comes from a redirected network with another source',
    ),
  ];
}

const dropped = 'iifname @spoofed drop';

/** Neighbour discovery needs them. The kernel forwards none of them. */
function neededSources(family: Family, parts: readonly Part[]): string[] {
  const beside = parts.some((part) => part.family === family && part.beside.length > 0);
  return [
    ...(family === 6 ? ['ip6 saddr fe80::/10 return'] : []),
    ...(beside ? [`${word(family)} saddr . iifname @beside${family} return`] : []),
  ];
}

/** An address of a link asks for nothing that another link has: br_netfilter forwards what DNAT has led there. */
export function linkLocalCalls(parts: readonly Part[]): string[] {
  return lengthsIn(6, parts).length > 0 ? [`ip6 saddr fe80::/10 ct status dnat ${dropped}`] : [];
}

/**
 * For the end of chain `prerouting`: of a family in which nobody knows a subnet here, every source is foreign. Published
 * ports go on being answered: a declared exception.
 */
export function unmentionedJumps(parts: readonly Part[]): string[] {
  if (bridgesOf(parts).length === 0) return [];
  return unmentioned(parts).map((family) => `meta nfproto ipv${family} iifname @bridges goto unmentioned`);
}

export function unmentionedChains(parts: readonly Part[], { directBit = 0 }: Numbers): Wanted[] {
  if (unmentionedJumps(parts).length === 0) return [];
  return [
    chain(
      'unmentioned',
      [
        `ct direction reply ct status dnat meta mark set meta mark | ${hex(directBit)} return`,
        'ip6 saddr fe80::/10 return',
        ...['multicast', 'broadcast'].map((type) => `fib daddr type ${type} return`),
        dropped,
      ],
      'drops, and counts, what comes from a redirected network in a family that it does not have here',
    ),
  ];
}

/** The families of which no network here has a subnet that the file or its engine tells. */
function unmentioned(parts: readonly Part[]): Family[] {
  return families.filter((family) => lengthsIn(family, parts).length === 0);
}

/** UDP ports that tunnels of this host listen on: VXLAN, the kernel's older port of it, and Geneve */
const tunnelPorts = ['4789', '8472', '6081'];
/** IPv4 in IP, IPv6 in IP, GRE */
const tunnelProtocols = ['4', '41', '47'];

/** What comes to this host itself. A tunnel that ends here would let out what is inside, whatever its source. */
function inputChains(parts: readonly Part[]): Wanted[] {
  const strangers = families.flatMap((family) => strangerJumps(family, parts));
  const tunnels = families.flatMap((family) => {
    const some = parts.filter((part) => part.family === family);
    return isRedirected(family, 'source', some).map((source) => `${source} jump tunnels`);
  });
  if (tunnels.length === 0) return [];
  return [
    ...(strangers.length > 0
      ? [
          chain(
            'strangers',
            [
              ...families.flatMap((family) => neededSources(family, parts)),
              // DHCP, neighbour discovery and multicast listeners ask so before they have an address.
              ...['ip saddr 0.0.0.0', 'ip6 saddr ::'].map((none) => `${none} return`),
              dropped,
            ],
            'drops what comes to this host among others with a source of no network of the bridge',
          ),
        ]
      : []),
    chain(
      'tunnels',
      [
        ...tunnelPorts.map((port) => `udp dport ${port} drop`),
        ...tunnelProtocols.map((protocol) => `meta l4proto ${protocol} drop`),
      ],
      'drops what would leave a tunnel of this host as somebody else’s packet',
    ),
    {
      object: {
        kind: 'nft-chain',
        name: 'input',
        hook: { type: 'filter', hook: 'input', priority: beforeFilter },
        rules: [...strangers, ...tunnels],
      },
      why: 'looks at what comes to this host itself',
    },
  ];
}

function strangerJumps(family: Family, parts: readonly Part[]): string[] {
  if (bridgesOf(parts).length === 0) return [];
  const lengths = lengthsIn(family, parts);
  if (lengths.length > 0)
    return [`iifname @bridges ${isNotOfBridge(family, 'source', lengths)} jump strangers`];
  return unmentioned(parts).includes(family)
    ? [`iifname @bridges meta nfproto ipv${family} jump strangers`]
    : [];
}

function lengthsIn(family: Family, parts: readonly Part[]): number[] {
  return lengthsOf(
    parts.filter((part) => part.family === family && isBridged(part)).flatMap(({ subnets }) => subnets),
  );
}

function chain(name: string, rules: readonly string[], why: string): Wanted {
  return { object: { kind: 'nft-chain', name, rules }, why };
}
