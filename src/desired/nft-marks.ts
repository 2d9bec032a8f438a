/**
 * The chains that mark packets: as seen by this table, as exceptions, and, where a mark steers, for their gateway. A packet
 * is asked once where it comes from; all else follows from the chain that this leads to.
 */
import type { Family } from '../address/cidr.ts';
import { type NftChain, hex } from '../state/objects.ts';
import { word } from './nft-word.ts';
import type { Numbers } from './numbers.ts';
import { type Part, type Wanted, byFamily, isLocal } from './parts.ts';
import { exceptionJumps } from './route-chains.ts';
import { type ByMark, marksOf, waysBack } from './steering-kind.ts';
import { isNotRedirected, isRedirected, leadBy, redirectedLengths } from './subnet-sets.ts';
import { isServed, servedSubnets, steerMap } from './ways.ts';

/**
 * After conntrack (-200), mangle (-150, where wg-quick sets the mark of all UDP), and dstnat (-100, where every chain of type
 * nat is asked, whatever its own priority is): where a packet goes, and not where it was sent, decides whether it is direct.
 */
const afterDstnat = -99;
/** after those that clear what is not ours; answers to what a gateway masquerades have the container's address by then */
const afterMarks = -98;

export function markChains(parts: readonly Part[], numbers: Numbers, byMark: ByMark): Wanted[] {
  if (!parts.some((part) => part.steer)) return [];
  const groups = byFamily(parts);
  const marked = groups.filter(({ family }) => byMark.has(family));
  return [
    seenChain(groups, marked.length > 0 ? notOurs(numbers) : [], parts.some(isLocal)),
    ...groups.flatMap((group) => familyChains(group.family, group.parts, numbers, byMark.has(group.family))),
    ...answerChain(marked, numbers),
  ];
}

type Group = ReturnType<typeof byFamily>[number];

/** Before a packet is routed: without the mark of this table it is not forwarded, because nothing would keep its source. */
function seenChain(groups: readonly Group[], others: readonly string[], local: boolean): Wanted {
  return chain(
    {
      name: 'prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: afterDstnat },
      rules: [
        ...groups.flatMap(({ family, parts }) =>
          leadBy(family, 'source', steerMap(family), redirectedLengths(parts)),
        ),
        ...others,
      ],
    },
    local
      ? 'marks what this table has seen, answers of published ports, and direct destinations'
      : 'marks what this table has seen',
  );
}

/** Somebody has kept our mark with a connection, and put it on its answers: they would go where the questions went. */
function notOurs({ seenBit = 0, steerBit = 0 }: Numbers): string[] {
  const ours = seenBit | steerBit;
  return [`meta mark & ${hex(ours)} != 0x0 ${setMark(ours, 0)}`];
}

function familyChains(family: Family, parts: readonly Part[], numbers: Numbers, byMark: boolean): Wanted[] {
  const marks = byMark ? marksOf(parts, numbers) : { mask: 0, gateways: [] };
  const { seenBit = 0, directBit = 0 } = numbers;
  const steerBit = byMark ? (numbers.steerBit ?? 0) : 0;
  const steering = marks.mask | steerBit;
  // What goes nowhere answers, too, where somebody calls a port that is published.
  const rules = exceptionRules(family, parts, byMark ? directBit | seenBit : directBit);
  const name = `exceptions${family}`;
  const onwards = rules.length > 0 ? [`goto ${name}`] : [];
  // Our bits on a packet that did not get them from us would be a way around.
  const setBits = (bits: number): string => setMark(steering | directBit, seenBit | bits);
  const towardsInside = isRedirected(family, 'destination', parts).map(
    (destination) => `${destination} goto marks${family}`,
  );
  return [
    chain({ name: `marks${family}`, rules: [setBits(0), ...onwards] }, 'marks what this table has seen'),
    ...marks.gateways.map(({ gateway, mark }) =>
      chain(
        {
          name: `to${family}_${gateway}`,
          rules: [...towardsInside, setBits(mark | steerBit), ...onwards],
        },
        `marks what goes to gateway ${gateway}`,
      ),
    ),
    ...(byMark && parts.some((part) => !part.steer)
      ? [
          chain(
            {
              name: `unseen${family}`,
              rules: [...towardsInside, setMark(steering | directBit | seenBit, 0), ...onwards],
            },
            'what goes nowhere is not marked as seen',
          ),
        ]
      : []),
    ...(rules.length > 0 ? [chain({ name, rules }, 'marks what keeps this host’s own routing')] : []),
  ];
}

/**
 * Which packets keep the host's own routing.
 *
 * @param bits those that such a packet gets
 */
function exceptionRules(family: Family, parts: readonly Part[], bits: number): string[] {
  if (!parts.some(isLocal)) return [];
  const ip = word(family);
  const direct = `@direct${family}`;
  const setBit = `meta mark set meta mark | ${hex(bits)}`;
  const local = parts.every(isLocal) ? '' : `${ip} saddr @local${family} `;
  return [
    // An engine may have given the one who asked the bridge's address: what it began with counts.
    `ct direction reply ct status dnat ${local}${isNotRedirected(family, 'original source', parts)} ${setBit}`,
    ...exceptionJumps(family, parts),
    ...(parts.some((part) => part.direct.length > 0)
      ? [
          `${isNotRedirected(family, 'destination', parts)} ${ip} saddr . ${ip} daddr ${direct} ${setBit}`,
          `ct direction reply ${ip} saddr . ct original ${ip} saddr ${direct} ${setBit}`,
        ]
      : []),
  ];
}

/**
 * The reverse path filter asks where an answer's destination would send its own packets: with the mark of the answer, where
 * the link is set so. It is the mark of the gateway that the link leads to. IPv6 has no such filter.
 */
function answerChain(groups: readonly Group[], numbers: Numbers): Wanted[] {
  const rules = groups
    .filter(({ family }) => family === 4)
    .flatMap(({ family, parts }) => {
      const { mask, gateways } = marksOf(parts, numbers);
      const served = servedSubnets(parts, true);
      return waysBack(parts).flatMap(({ gateway, device }) => {
        const mark = gateways.find((one) => one.gateway === gateway)?.mark;
        if (mark === undefined) return [];
        const bits = setMark(mask, mark | (numbers.steerBit ?? 0));
        return isServed(family, 'destination', gateway, served.get(gateway) ?? []).map(
          (destination) => `iifname "${device}" ${destination} ${bits}`,
        );
      });
    });
  if (rules.length === 0) return [];
  const hook = { type: 'filter', hook: 'prerouting', priority: afterMarks } as const;
  return [chain({ name: 'answers', hook, rules }, 'tells the reverse path filter which way answers come')];
}

/** All other bits are somebody's, and stay. A bit that is set is not cleared first: nft does not say so of it either. */
function setMark(own: number, bits: number): string {
  const cleared = (own & ~bits) >>> 0;
  const kept = cleared === 0 ? '' : ` & ${hex((0xffffffff & ~cleared) >>> 0)}`;
  return `meta mark set meta mark${kept}${bits === 0 ? '' : ` | ${hex(bits >>> 0)}`}`;
}

function chain(object: Omit<NftChain, 'kind'>, why: string): Wanted {
  return { object: { kind: 'nft-chain', ...object }, why };
}
