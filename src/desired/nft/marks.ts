/**
 * The chains that mark packets: as checked, as bypass, and, where a mark steers, for their gateway. The source is looked up once,
 * in a map that selects the chain.
 */
import type { Family, Subnet } from '../../address/cidr.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import type { NftChain } from '../../kinds/nft-table/schema.ts';
import { hex } from '../../kinds/words.ts';
import { word } from './word.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { linkLocalCalls, unmentionedChains, unmentionedJumps } from './spoofed.ts';
import { type Redirect, type DesiredObject, byFamily, isBridged, isLocal } from '../redirect.ts';
import { exceptionJumps } from './route-chains.ts';
import { type ByMark, marksOf, replyLinks } from '../routing/steering-kind.ts';
import {
  isNotRedirected,
  isRedirected,
  leadBy,
  leadByBridge,
  lengthsOf,
  redirectedLengths,
} from './subnet-sets.ts';
import { isServed, servedSubnets, steerMap } from '../routing/egress.ts';

/**
 * After conntrack (-200), mangle (-150, where wg-quick sets the mark of all UDP), and dstnat (-100, where every chain of type
 * nat is asked, whatever its own priority is): where a packet goes, and not where it was sent, decides whether it is direct.
 */
const afterDstnat = -99;
/** after the chains that clear foreign marks; replies to masqueraded packets have the container's address by then */
const afterMarks = -98;

export function markChains(
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: ByMark,
  published: PublishedSubnets,
): DesiredObject[] {
  if (!isMarked(redirects)) return [];
  const groups = byFamily(redirects);
  const marked = groups.filter(({ family }) => byMark.has(family));
  return [
    seenChain(groups, notOurs(numbers, marked.length > 0), redirects),
    ...groups.flatMap((group) =>
      familyChains(group.family, group.redirects, numbers, byMark.has(group.family), published[group.family]),
    ),
    ...unmentionedChains(redirects, numbers),
    ...answerChain(marked, numbers),
  ];
}

/** Whether packets are marked: those that are steered, and all of a bridge, to tell its own sources from others. */
export function isMarked(redirects: readonly Redirect[]): boolean {
  return redirects.some((redirect) => redirect.steer !== undefined || isBridged(redirect));
}

type Group = ReturnType<typeof byFamily>[number];

/** The prerouting chain: packets without the checked bit are not forwarded, because nothing would keep their source address. */
function seenChain(
  groups: readonly Group[],
  others: readonly string[],
  redirects: readonly Redirect[],
): DesiredObject {
  return chain(
    {
      name: 'prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: afterDstnat },
      rules: [
        ...groups.flatMap((group) =>
          leadByBridge(group.family, redirectedLengths(group.redirects.filter(isBridged))),
        ),
        ...linkLocalCalls(redirects),
        ...unmentionedJumps(redirects),
        ...groups.flatMap((group) =>
          leadBy(group.family, 'source', steerMap(group.family), elsewhereLengths(group.redirects)),
        ),
        ...others,
      ],
    },
    redirects.some(isLocal)
      ? 'mark packets as checked, and replies of published ports and direct destinations as bypass'
      : 'mark packets as checked',
  );
}

/** The prefix lengths of subnets whose bridge is not known, or not here. */
function elsewhereLengths(redirects: readonly Redirect[]): number[] {
  const known = new Set(redirects.filter(isBridged).flatMap(({ subnets }) => subnets));
  const elsewhere = redirects.filter((redirect) => !isBridged(redirect)).flatMap(({ subnets }) => subnets);
  return lengthsOf(elsewhere.filter((subnet) => !known.has(subnet)));
}

/**
 * Clears our bits on other packets. Another program may save a mark with a connection and restore it on replies, which would then
 * take the path of the requests; or a packet of a redirected subnet came in by a device other than its bridge.
 */
function notOurs({ checkedBit = 0, ownerBit = 0, bypassBit = 0 }: Numbers, byMark: boolean): string[] {
  const ours = (checkedBit | bypassBit | (byMark ? ownerBit : 0)) >>> 0;
  return [`meta mark & ${hex(ours)} != 0x0 ${setMark(ours, 0)}`];
}

function familyChains(
  family: Family,
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: boolean,
  published: readonly Subnet[] | undefined,
): DesiredObject[] {
  const marks = byMark ? marksOf(redirects, numbers) : { mask: 0, gateways: [] };
  const { checkedBit = 0, bypassBit = 0 } = numbers;
  const ownerBit = byMark ? (numbers.ownerBit ?? 0) : 0;
  const steering = marks.mask | ownerBit;
  // Blocked subnets also send replies, if a client uses a published port.
  const rules = bypassRules(family, redirects, byMark ? bypassBit | checkedBit : bypassBit, published);
  const name = `bypass${family}`;
  const onwards = rules.length > 0 ? [`goto ${name}`] : [];
  // Our bits on a packet that we did not mark would bypass the gateway.
  const setBits = (bits: number): string => setMark(steering | bypassBit, checkedBit | bits);
  const towardsInside = isRedirected(family, 'destination', redirects).map(
    (destination) => `${destination} goto marks${family}`,
  );
  return [
    chain({ name: `marks${family}`, rules: [setBits(0), ...onwards] }, 'mark packets as checked'),
    ...marks.gateways.map(({ gateway, mark }) =>
      chain(
        {
          name: `to${family}_${gateway}`,
          rules: [...towardsInside, setBits(mark | ownerBit), ...onwards],
        },
        `mark packets for gateway ${gateway}`,
      ),
    ),
    ...(byMark && redirects.some((redirect) => !redirect.steer)
      ? [unseenChain(family, [...towardsInside, setMark(steering | bypassBit | checkedBit, 0), ...onwards])]
      : []),
    ...(rules.length > 0 ? [chain({ name, rules }, 'mark packets that bypass the gateway')] : []),
  ];
}

function unseenChain(family: Family, rules: readonly string[]): DesiredObject {
  return chain({ name: `unseen${family}`, rules }, 'leave packets of blocked subnets unmarked');
}

/**
 * Which packets keep the host's own routing.
 *
 * @param bits mark bits of such a packet
 */
function bypassRules(
  family: Family,
  redirects: readonly Redirect[],
  bits: number,
  published: readonly Subnet[] | undefined,
): string[] {
  if (!redirects.some(isLocal)) return [];
  const ip = word(family);
  const direct = `@direct${family}`;
  const setBit = `meta mark set meta mark | ${hex(bits)}`;
  const local = redirects.every(isLocal) ? '' : `${ip} saddr @local${family} `;
  return [
    // An engine may have rewritten the client's address to the bridge's, so match the original source.
    `ct direction reply ct status dnat ${local}${isNotRedirected(family, 'original source', redirects)} ${setBit}`,
    // Containers reach their host, and ports that it publishes of networks that are not redirected.
    ...(published
      ? [`ct direction original ct status dnat ${local}${ip} daddr @published${family} ${setBit}`]
      : []),
    ...exceptionJumps(family, redirects),
    ...(redirects.some((redirect) => redirect.direct.length > 0)
      ? [
          `${isNotRedirected(family, 'destination', redirects)} ${ip} saddr . ${ip} daddr ${direct} ${setBit}`,
          `ct direction reply ${ip} saddr . ct original ${ip} saddr ${direct} ${setBit}`,
        ]
      : []),
  ];
}

/**
 * The chain that marks replies for the reverse path filter, which looks up the route back from a reply's destination, with the
 * reply's mark if the link has src_valid_mark. The mark is that of the gateway that the link leads to. IPv6 has no such filter.
 */
function answerChain(groups: readonly Group[], numbers: Numbers): DesiredObject[] {
  const rules = groups
    .filter(({ family }) => family === 4)
    .flatMap(({ family, redirects }) => {
      const { mask, gateways } = marksOf(redirects, numbers);
      const served = servedSubnets(redirects, true);
      return replyLinks(redirects).flatMap(({ gateway, device }) => {
        const mark = gateways.find((one) => one.gateway === gateway)?.mark;
        if (mark === undefined) return [];
        const bits = setMark(mask, mark | (numbers.ownerBit ?? 0));
        return isServed(family, 'destination', gateway, served.get(gateway) ?? []).map(
          (destination) => `iifname "${device}" ${destination} ${bits}`,
        );
      });
    });
  if (rules.length === 0) return [];
  const hook = { type: 'filter', hook: 'prerouting', priority: afterMarks } as const;
  return [chain({ name: 'answers', hook, rules }, 'mark replies, so that they pass the reverse path filter')];
}

/** All other bits belong to other programs, and stay. A bit that is set is not cleared first, as in nft's own output. */
function setMark(own: number, bits: number): string {
  const cleared = (own & ~bits) >>> 0;
  const kept = cleared === 0 ? '' : ` & ${hex((0xffffffff & ~cleared) >>> 0)}`;
  return `meta mark set meta mark${kept}${bits === 0 ? '' : ` | ${hex(bits >>> 0)}`}`;
}

function chain(object: Omit<NftChain, 'kind'>, why: string): DesiredObject {
  return { object: { kind: 'nft-chain', ...object }, why };
}
