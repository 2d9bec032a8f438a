/**
 * ICMP errors of this host about answers to redirected flows: the bridge is down, the container or its node is gone, the
 * answer is too large. The kernel routes them as its own packets, by the main table. They go back by the gateway that the
 * answer came from, with an address of the network, so that path MTU discovery works; by no other way.
 */
import type { Family, Subnet } from '../../address/cidr.ts';
import { firstAddress, groupMerged } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { word } from './word.ts';
import { type Numbers, hostErrorBits } from '../allocate/numbers.ts';
import {
  type Redirect,
  type DesiredObject,
  bridgesOf,
  byFamily,
  isLocal,
  steeredSubnets,
} from '../redirect.ts';
import type { ByMark } from '../routing/steering-kind.ts';
import { type Quoted, isNotRedirected, isRedirected, lengthsOf, quotedLeads } from './subnet-sets.ts';

/** NF_IP_PRI_MANGLE: a chain of type `route` there has the packet routed again when it has changed it */
const mangle = -150;

/** ICMP errors that quote the packet that they are about */
const errorTypes = {
  4: ['destination-unreachable', 'time-exceeded', 'parameter-problem'],
  6: ['destination-unreachable', 'packet-too-big', 'time-exceeded', 'parameter-problem'],
} as const satisfies Record<Family, readonly string[]>;
/**
 * The kernel answers hop-by-hop options that it does not know before any chain has seen the packet, whatever its source: by
 * them, a container would have this host write to whom it likes. Nobody else needs that answer (RFC 8200 lets a host ignore
 * such options).
 */
const aboutOptions = 'icmpv6 type parameter-problem @th,112,8 0x0 ip6 daddr != fe80::/10 drop';
const icmp = { 4: 'icmp', 6: 'icmpv6' } as const;

export function hostErrorChains(
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: ByMark,
): DesiredObject[] {
  const groups = byFamily(redirects);
  if (groups.length === 0) return [];
  return [
    ...groups.flatMap((group) => familyChains(group.family, group.redirects, numbers, byMark)),
    {
      object: {
        kind: 'nft-chain',
        name: 'errors',
        hook: { type: 'route', hook: 'output', priority: mangle },
        rules: [
          ...(bridgesOf(redirects).length > 0 ? [aboutOptions] : []),
          ...groups.flatMap(({ family }) =>
            errorTypes[family].map((type) => `${icmp[family]} type ${type} jump errors${family}`),
          ),
        ],
      },
      why: 'send ICMP errors about replies back to the gateway of the reply',
    },
  ];
}

function familyChains(
  family: Family,
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: ByMark,
): DesiredObject[] {
  const quoted = quotedSubnets(redirects, family);
  return [
    ...byGateway(redirects).map(([gateway, redirect]) => ({
      object: {
        kind: 'nft-chain',
        name: chainOf(family, gateway),
        rules: [
          `${word(family)} saddr set ${addressIn(redirect)}`,
          ...(byMark.has(family) ? [markAs(gateway, numbers)] : []),
        ],
      } as const,
      why: `send ICMP errors to gateway ${gateway}`,
    })),
    {
      object: { kind: 'nft-chain', name: chainOf(family), rules: ['drop'] },
      why: 'drop ICMP errors about packets of blocked subnets',
    },
    {
      object: {
        kind: 'nft-chain',
        name: `errors${family}`,
        rules: [
          ...isRedirected(family, 'destination', redirects).map((inside) => `${inside} return`),
          ...bypassed(family, redirects),
          ...quotedLeads(family, lengthsOf(quoted.map(({ subnet }) => subnet))),
        ],
      },
      why: 'find the gateway of the packet that an ICMP error quotes',
    },
  ];
}

/** The gateways that packets are steered to, each with a redirect that leads there. */
function byGateway(redirects: readonly Redirect[]): (readonly [string, Redirect])[] {
  const pairs = redirects.flatMap((redirect) =>
    redirect.steer && steeredSubnets(redirect).length > 0
      ? [[redirect.steer.gateway, redirect] as const]
      : [],
  );
  return [...new Map(pairs)];
}

/** The chain for ICMP errors about packets to each subnet. */
export function quotedSubnets(redirects: readonly Redirect[], family: Family): Quoted[] {
  const gateways = new Map<Subnet, string>();
  for (const redirect of redirects) {
    if (redirect.family !== family) continue;
    for (const subnet of redirect.subnets) if (!gateways.has(subnet)) gateways.set(subnet, chainOf(family));
    if (!redirect.steer) continue;
    for (const subnet of steeredSubnets(redirect))
      gateways.set(subnet, chainOf(family, redirect.steer.gateway));
  }
  return [...new Set(gateways.values())].flatMap((chain) =>
    groupMerged([...gateways].flatMap(([subnet, one]) => (one === chain ? [{ subnet }] : []))).map(
      ({ merged }) => ({ subnet: merged, chain }),
    ),
  );
}

/**
 * Flows that keep the host's own routing: calls of ports that an engine publishes, and direct destinations. On a host that
 * is a gateway, too, calls of its own published ports look the same: there all of them go to the gateway.
 */
function bypassed(family: Family, redirects: readonly Redirect[]): string[] {
  if (!redirects.every(isLocal)) return [];
  const ip = word(family);
  return [
    `ct status dnat ${isNotRedirected(family, 'original source', redirects)} return`,
    ...(redirects.some((redirect) => redirect.direct.length > 0)
      ? [`ct original ${ip} saddr . ct original ${ip} daddr @direct${family} return`]
      : []),
  ];
}

function markAs(gateway: string, numbers: Numbers): string {
  const { checkedBit = 0 } = numbers;
  const mark = (numbers.gateways[gateway]?.mark ?? 0) | hostErrorBits(numbers) | checkedBit;
  return `meta mark set meta mark | ${hex(mark >>> 0)}`;
}

/** Any address of the network will do: the gateway's rules match the subnet. */
function addressIn(redirect: Redirect): string {
  return steeredSubnets(redirect).slice(0, 1).map(firstAddress).join('');
}

function chainOf(family: Family, gateway?: string): string {
  return gateway === undefined ? `noerror${family}` : `error${family}_${gateway}`;
}
