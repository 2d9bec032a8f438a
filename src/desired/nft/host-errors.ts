/**
 * ICMP errors of this host about replies to redirected flows: the bridge is down, the container or its node is gone, or
 * the reply is too large. The kernel routes them as its own packets, by table main. These chains send them to the
 * gateway of the reply, with an address of the network, so that path MTU discovery works, and nowhere else.
 */
import { type Family, type Subnet, firstUsable, mergeSubnets } from '../../address/cidr.ts';
import { onceForEach } from '../../address/once.ts';
import { quotedMap } from '../../kinds/nft-table/set-name.ts';
import { hex } from '../../kinds/words.ts';
import { byConnection } from './balance.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import { type Numbers, hostErrorBits } from '../allocate/numbers.ts';
import { type Redirect, type DesiredObject, bridgesOf, isNode, steeredSubnets } from '../redirect.ts';
import type { SteeredFamily } from '../routing/steering-kind.ts';
import { type SubnetElement, elementSets, isNotRedirected, isRedirected, jumpByMap } from './subnet-sets.ts';

/** NF_IP_PRI_MANGLE: the kernel routes a packet again after a chain of type `route` has changed it */
const mangle = -150;

/** ICMP errors that quote the packet that caused them */
const errorTypes = {
  4: ['destination-unreachable', 'time-exceeded', 'parameter-problem'],
  6: ['destination-unreachable', 'packet-too-big', 'time-exceeded', 'parameter-problem'],
} as const satisfies Record<Family, readonly string[]>;
/**
 * The kernel answers unknown hop-by-hop options before any chain sees the packet: with a spoofed source address, a
 * container could make this host send packets to any address. Hosts may ignore such options (RFC 8200).
 */
const optionErrors = 'icmpv6 type parameter-problem @th,112,8 0x0 ip6 daddr != fe80::/10 drop';
const icmp = { 4: 'icmp', 6: 'icmpv6' } as const;

export function hostErrorChains(groups: readonly SteeredFamily[], numbers: Numbers): DesiredObject[] {
  const redirects = groups.flatMap((group) => group.redirects);
  if (groups.length === 0) return [];
  return [
    ...groups.flatMap((group) => familyChains(group, numbers)),
    chain(
      'errors',
      [
        ...(bridgesOf(redirects).length > 0 ? [optionErrors] : []),
        ...groups.flatMap(({ family }) =>
          errorTypes[family].map((type) => `${icmp[family]} type ${type} jump errors${family}`),
        ),
      ],
      'send ICMP errors about replies back to the gateway of the reply',
      { type: 'route', hook: 'output', priority: mangle },
    ),
  ];
}

function familyChains({ family, redirects, steering }: SteeredFamily, numbers: Numbers): DesiredObject[] {
  const quoted = quotedSubnets(redirects).map(({ subnet }) => subnet);
  return [
    ...byGateway(redirects).map(([gateway, redirect]) =>
      chain(
        chainName(family, gateway),
        [
          `${ipKeyword(family)} saddr set ${addressIn(redirect)}`,
          ...(redirect.steer?.balance ? toMember(family, gateway, numbers) : []),
          ...(steering.kind === 'mark' ? [markAs(gateway, numbers)] : []),
        ],
        `send ICMP errors to gateway ${gateway}`,
      ),
    ),
    chain(chainName(family), ['drop'], 'drop ICMP errors about packets of blocked subnets'),
    chain(
      `errors${family}`,
      [
        ...isRedirected(family, 'destination', redirects).map((inside) => `${inside} return`),
        ...bypassed(family, redirects),
        ...jumpByMap({ family, name: quotedMap(family), subnets: quoted }, 'quoted destination'),
      ],
      'find the gateway of the packet that an ICMP error quotes',
    ),
  ];
}

/** Gateways with steered packets, each with one of its redirects. */
function byGateway(redirects: readonly Redirect[]): (readonly [string, Redirect])[] {
  const pairs = redirects.flatMap((redirect) =>
    redirect.steer && steeredSubnets(redirect).length > 0
      ? [[redirect.steer.gateway, redirect] as const]
      : [],
  );
  return [...new Map(pairs)];
}

/** Maps from the destination of the packet that an ICMP error quotes to the chain for the error. */
export function quotedMaps(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const why = 'chain for ICMP errors about packets to each subnet';
  return elementSets(quotedMap(family), quotedSubnets(redirects), { type: ['integer'], why });
}

/** @param redirects of one family */
const quotedSubnets = onceForEach((redirects: readonly Redirect[]): readonly SubnetElement[] => {
  const gateways = new Map<Subnet, string>();
  for (const redirect of redirects) {
    const { family } = redirect;
    // Errors about replies to packets that have left directly keep the host's routing.
    if (isNode(redirect) && redirect.leavesDirectly) continue;
    for (const subnet of redirect.subnets) if (!gateways.has(subnet)) gateways.set(subnet, chainName(family));
    if (!redirect.steer) continue;
    for (const subnet of steeredSubnets(redirect))
      gateways.set(subnet, chainName(family, redirect.steer.gateway));
  }
  return [...new Set(gateways.values())].flatMap((name) =>
    mergeSubnets([...gateways].flatMap(([subnet, one]) => (one === name ? subnet : []))).map((subnet) => ({
      subnet,
      chain: name,
    })),
  );
});

/**
 * Connections that keep the host's routing: clients of ports that an engine publishes, and direct destinations. If this
 * host is also a gateway, clients of the gateway's published ports look the same, so all errors go to the gateway.
 */
function bypassed(family: Family, redirects: readonly Redirect[]): string[] {
  if (!redirects.every(isNode)) return [];
  const ip = ipKeyword(family);
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

/** The member that the connection of the reply leaves by, if it is known: another one could not translate the error. */
function toMember(family: Family, gateway: string, { checkedBit = 0 }: Numbers): string[] {
  return [`meta mark set meta mark | ${hex(checkedBit)}`, byConnection(family, gateway)];
}

/** Any address of the network is valid: the gateway's rules match the subnet. */
function addressIn(redirect: Redirect): string {
  return steeredSubnets(redirect).slice(0, 1).map(firstUsable).join('');
}

function chainName(family: Family, gateway?: string): string {
  return gateway === undefined ? `noerror${family}` : `error${family}_${gateway}`;
}
