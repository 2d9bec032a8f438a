/**
 * Chains that set the checked bit, the bypass bit and gateways' marks. A map selects the chain by source, in one
 * lookup.
 */
import type { Family, Subnet } from '../../address/cidr.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import { hex } from '../../kinds/words.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { linkLocalDrops, unmentionedChains, unmentionedJumps } from './spoofed.ts';
import { type Redirect, type DesiredObject, isBridged, isNode } from '../redirect.ts';
import { directJumps } from './route-chains.ts';
import type { SteeredFamily } from '../routing/steering-kind.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { balanceChains } from './balance.ts';
import { setMark } from './mark-text.ts';
import { jumpByBridge } from './on-bridge.ts';
import { jumpBySubnet } from './steering-maps.ts';
import { balancesIn } from '../routing/balance.ts';
import { isServed, servedSubnets } from '../routing/egress.ts';

/**
 * After conntrack (-200), mangle (-150, where wg-quick sets the mark of all UDP), and dstnat (-100, where all chains of
 * type nat run, whatever their own priority): the destination after DNAT decides whether a packet is direct.
 */
const afterDstnat = -99;
/** after the rule that clears our bits; by then, replies to masqueraded packets have the container's address */
const afterMarks = -98;

export function markChains(
  groups: readonly SteeredFamily[],
  numbers: Numbers,
  published: PublishedSubnets,
): DesiredObject[] {
  const redirects = groups.flatMap((group) => group.redirects);
  if (!isMarked(redirects)) return [];
  return [
    preroutingChain(groups, clearOwnBits(groups, numbers), redirects),
    ...groups.flatMap((group) => familyChains(group, numbers, published[group.family])),
    ...unmentionedChains(redirects, numbers),
    ...replyChain(groups),
  ];
}

/** Steered packets need marks, and so do all packets from a bridge, to tell its own sources from others. */
export function isMarked(redirects: readonly Redirect[]): boolean {
  return redirects.some((redirect) => redirect.steer !== undefined || isBridged(redirect));
}

/** Packets without the checked bit are not forwarded, because nothing would keep their source address. */
function preroutingChain(
  groups: readonly SteeredFamily[],
  lastRules: readonly string[],
  redirects: readonly Redirect[],
): DesiredObject {
  return chain(
    'prerouting',
    [
      ...groups.flatMap((group) => jumpByBridge(group.family, group.redirects)),
      ...linkLocalDrops(redirects),
      ...unmentionedJumps(redirects),
      ...groups.flatMap(jumpBySubnet),
      ...lastRules,
    ],
    redirects.some(isNode)
      ? 'mark packets as checked, and replies of published ports and direct destinations as bypass'
      : 'mark packets as checked',
    { type: 'filter', hook: 'prerouting', priority: afterDstnat },
  );
}

/**
 * Clears our bits on all other packets. Another program may save a mark with a connection and restore it on replies,
 * which would then take the path of the requests; or a packet may arrive on a device other than its bridge.
 */
function clearOwnBits(groups: readonly SteeredFamily[], numbers: Numbers): string[] {
  const { checkedBit = 0, bypassBit = 0 } = numbers;
  const ours = groups.reduce(
    (bits, group) => (bits | ownerBitOf(group, numbers)) >>> 0,
    checkedBit | bypassBit,
  );
  return [`meta mark & ${hex(ours)} != 0x0 ${setMark('meta mark', ours, 0)}`];
}

/** The bit that tells our marks from those of others, where any packet gets one. */
function ownerBitOf({ redirects, steering }: SteeredFamily, { ownerBit = 0 }: Numbers): number {
  return balancesIn(redirects).length > 0 ? ownerBit : steering.ownerBit;
}

function familyChains(
  group: SteeredFamily,
  numbers: Numbers,
  published: readonly Subnet[] | undefined,
): DesiredObject[] {
  const { family, redirects, steering } = group;
  const { checkedBit = 0, bypassBit = 0 } = numbers;
  const byMark = steering.kind === 'mark';
  const ours = steering.mask | ownerBitOf(group, numbers) | bypassBit;
  // Blocked subnets also send replies to clients of published ports.
  const rules = bypassRules(family, redirects, byMark ? bypassBit | checkedBit : bypassBit, published);
  const name = `bypass${family}`;
  const bypassJump = rules.length > 0 ? [`goto ${name}`] : [];
  // A packet that arrives with our bits would bypass the gateway.
  const setBits = (bits: number): string => setMark('meta mark', ours, checkedBit | bits);
  const insideJumps = isRedirected(family, 'destination', redirects).map(
    (destination) => `${destination} goto marks${family}`,
  );
  return [
    chain(`marks${family}`, [setBits(0), ...bypassJump], 'mark packets as checked'),
    ...gatewayChains(group, numbers, { setBits, insideJumps, bypassJump }),
    ...(byMark && redirects.some((redirect) => !redirect.steer)
      ? [
          chain(
            `unchecked${family}`,
            [...insideJumps, setMark('meta mark', ours | checkedBit, 0), ...bypassJump],
            'leave packets of blocked subnets unmarked',
          ),
        ]
      : []),
    ...(rules.length > 0 ? [chain(name, rules, 'mark packets that bypass the gateway')] : []),
  ];
}

/** Rules of a family's chains. */
interface MarkRules {
  readonly setBits: (bits: number) => string;
  /** leave packets between redirected networks to chain `marks` */
  readonly insideJumps: readonly string[];
  /** `goto` the chain that marks packets as bypassing the gateway; none: no packet does */
  readonly bypassJump: readonly string[];
}

/** Chains of gateways whose mark steers, and of those whose members share connections. */
function gatewayChains(
  { family, redirects, steering }: SteeredFamily,
  numbers: Numbers,
  { setBits, insideJumps, bypassJump }: MarkRules,
): DesiredObject[] {
  const { bypassBit = 0 } = numbers;
  const { kind, gateways, mask, ownerBit } = steering;
  const firstRules = (gateway: string): string[] => {
    const { mark = 0 } = gateways.find((one) => one.gateway === gateway) ?? {};
    const jumps = bypassJump.flatMap((jump) => [
      jump.replace('goto', 'jump'),
      // Packets that bypass the gateway leave by no member: none is chosen for them.
      `meta mark & ${hex(bypassBit)} != 0x0 return`,
    ]);
    return kind === 'mark' ? [...insideJumps, setBits(mark | ownerBit), ...jumps] : [setBits(0), ...jumps];
  };
  return [
    ...gateways.map(({ gateway, mark }) =>
      chain(
        `to${family}_${gateway}`,
        [...insideJumps, setBits(mark | ownerBit), ...bypassJump],
        `mark packets for gateway ${gateway}`,
      ),
    ),
    ...balanceChains(family, redirects, numbers, { mask, firstRules }),
  ];
}

/** @param bits mark bits for packets that keep the host's routing */
function bypassRules(
  family: Family,
  redirects: readonly Redirect[],
  bits: number,
  published: readonly Subnet[] | undefined,
): string[] {
  if (!redirects.some(isNode)) return [];
  const ip = ipKeyword(family);
  const direct = `@direct${family}`;
  const setBit = `meta mark set meta mark | ${hex(bits)}`;
  const local = redirects.every(isNode) ? '' : `${ip} saddr @local${family} `;
  return [
    // An engine may have rewritten the client's address to the bridge's, so match the original source.
    `ct direction reply ct status dnat ${local}${isNotRedirected(family, 'original source', redirects)} ${setBit}`,
    // Containers reach ports that this host publishes for networks that are not redirected.
    ...(published
      ? [`ct direction original ct status dnat ${local}${ip} daddr @published${family} ${setBit}`]
      : []),
    ...directJumps(family, redirects),
    ...(redirects.some((redirect) => isNode(redirect) && redirect.direct.length > 0)
      ? [
          `${isNotRedirected(family, 'destination', redirects)} ${ip} saddr . ${ip} daddr ${direct} ${setBit}`,
          `ct direction reply ${ip} saddr . ct original ${ip} saddr ${direct} ${setBit}`,
        ]
      : []),
  ];
}

/**
 * Marks replies for the reverse path filter, which looks up the route back to a reply's source, with the reply's mark
 * if its link has src_valid_mark. The mark belongs to the gateway behind the link. IPv6 has no such filter.
 */
function replyChain(groups: readonly SteeredFamily[]): DesiredObject[] {
  const rules = groups.flatMap(({ family, redirects, steering }) => {
    const { mask, ownerBit, replyLinks } = steering;
    const served = servedSubnets(redirects);
    return replyLinks.flatMap(({ gateway, mark, device }) =>
      isServed(family, 'destination', gateway, served.get(gateway) ?? []).map(
        (destination) => `iifname "${device}" ${destination} ${setMark('meta mark', mask, mark | ownerBit)}`,
      ),
    );
  });
  if (rules.length === 0) return [];
  const hook = { type: 'filter', hook: 'prerouting', priority: afterMarks } as const;
  return [chain('replies', rules, 'mark replies, so that they pass the reverse path filter', hook)];
}
