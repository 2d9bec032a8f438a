/**
 * The chains of table `inet mustredirect`. Rules are in nft's own canonical form, so that they can be
 * compared with what the kernel gives back.
 */
import { type Family, families } from '../address/cidr.ts';
import { type NftChain, hex } from '../state/objects.ts';
import { stoppedSet } from '../state/ownership.ts';
import { natRules, translates, untranslatedRule } from './nft-nat.ts';
import { word } from './nft-word.ts';
import type { Numbers } from './numbers.ts';
import { type Part, type Wanted, byFamily, steeredSubnets } from './parts.ts';
import { publishedChain } from './published.ts';
import { exceptionJumps, exitJumps, routeChains } from './route-chains.ts';

/** after conntrack (-200) and mangle (-150, where wg-quick sets the mark of all UDP), before dstnat (-100) */
const afterMangle = -145;
/** before any filter chain of others (0), which might accept */
const beforeFilter = -1;
/** before any masquerade of others (srcnat, 100): the first NAT decision is final */
const beforeSrcnat = 90;
/** sees the address that a packet leaves with */
const afterSrcnat = 110;

export function nftChains(parts: readonly Part[], { directBit = 0, seenBit = 0 }: Numbers): Wanted[] {
  const local = parts.some((part) => part.local);
  return [
    ...(parts.some((part) => part.steer) ? [seenChain(parts, directBit, seenBit)] : []),
    ...(hasBridges(parts) ? foreignChains(parts) : []),
    chain(
      {
        name: 'forward',
        hook: { type: 'filter', hook: 'forward', priority: beforeFilter },
        rules: forwardRules(parts),
      },
      'looks at every packet that is forwarded',
    ),
    chain(
      { name: 'guard', rules: guardRules(parts, directBit) },
      'stops, and counts, what would leave by another way',
    ),
    chain(
      {
        name: 'postrouting',
        hook: { type: 'nat', hook: 'postrouting', priority: beforeSrcnat },
        rules: natRules(parts, directBit),
      },
      local
        ? 'keeps the container’s own address, before any masquerade'
        : 'the address that the outside sees',
    ),
    ...routeChains(parts, directBit),
    ...publishedChain(parts),
    ...(local || parts.some(translates) ? [translatedChain(parts, directBit)] : []),
  ];
}

/**
 * A flow that began before its subnet was redirected, or while its destination was direct, leaves with the
 * host's address until conntrack has forgotten it: the gateway could not tell whose it is.
 */
function translatedChain(parts: readonly Part[], directBit: number): Wanted {
  const local = parts.filter((part) => part.local);
  const served = parts.filter(translates);
  const rules = [
    ...byFamily(local).map(({ family }) => lostRule(family, directBit)),
    ...byFamily(served).flatMap((group) =>
      group.parts.flatMap((part) => untranslatedRule(group.family, part)),
    ),
  ];
  return chain(
    {
      name: 'translated',
      hook: { type: 'filter', hook: 'postrouting', priority: afterSrcnat },
      rules,
    },
    local.length > 0
      ? 'stops, and counts, what has lost the container’s own address'
      : 'stops, and counts, what was to get another address, and has its own',
  );
}

function lostRule(family: Family, directBit: number): string {
  const ip = word(family);
  const began = `ct status snat ct original ${ip} saddr @local${family}`;
  const leaves = `${ip} saddr != @local${family} ${ip} daddr != @redirected${family}`;
  const notDirect = `meta mark & ${hex(directBit)} == 0x0`;
  return `${began} ${leaves} ${notDirect} ct original ${ip} saddr @${stoppedSet(family)} drop`;
}

function forwardRules(parts: readonly Part[]): string[] {
  return [
    ...(hasBridges(parts) ? families.map((family) => foreignRule(parts, family)) : []),
    ...byFamily(parts).flatMap((group) => wayRules(group.family, group.parts)),
  ];
}

/**
 * Inside of a bridge its own hosts may talk as they like: with br_netfilter, that comes by here too. Of a family in
 * which no network here has a subnet, every source is foreign.
 */
function foreignRule(parts: readonly Part[], family: Family): string {
  const local = localIn(family, parts);
  if (local.length === 0) return `meta nfproto ipv${family} oifname != @bridges jump unmentioned`;
  const sets = [
    `@local${family}`,
    ...(local.some(({ beside }) => beside.length > 0) ? [`@beside${family}`] : []),
  ];
  const foreign = sets.map((name) => `${word(family)} saddr != ${name}`).join(' ');
  return `${foreign} oifname != @bridges jump foreign`;
}

function wayRules(family: Family, parts: readonly Part[]): string[] {
  const ip = word(family);
  const from = `${ip} saddr @redirected${family}`;
  return [
    `${from} jump guard`,
    // Should the way back be gone, answers must not go where everything else goes.
    ...(parts.some((part) => part.outside.length > 0)
      ? [`rt ${ip} nexthop . oifname @outside${family} ${ip} daddr @${stoppedSet(family)} drop`]
      : []),
    ...(parts.some((part) => part.nat) ? [`${from} ${segmentSize} rt mtu`] : []),
    ...answerSizes(family, parts),
  ];
}

/** What a connection begins with says how large its segments may be; nft only ever makes it smaller. */
const segmentSize = 'tcp flags & (syn | rst) == syn tcp option maxseg size set';
/** of IP and of TCP, without options */
const headerLengths: Readonly<Record<Family, number>> = { 4: 40, 6: 60 };

/**
 * How large a container's segments may be is said by the answer, and `rt mtu` knows nothing of the uplink there: the answer
 * leaves by another device, and the way back is looked up without the source that our rules go by.
 */
function answerSizes(family: Family, parts: readonly Part[]): string[] {
  const rules = parts.flatMap(({ nat }) =>
    nat?.mtu === undefined
      ? []
      : [
          `iifname "${nat.device}" ${word(family)} daddr @redirected${family} ${segmentSize} ${nat.mtu - headerLengths[family]}`,
        ],
  );
  return [...new Set(rules)];
}

function hasBridges(parts: readonly Part[]): boolean {
  return parts.some((part) => part.bridge !== undefined);
}

function guardRules(parts: readonly Part[], directBit: number): string[] {
  return byFamily(parts).flatMap((group) => guardRulesOf(group.family, group.parts, hex(directBit)));
}

function guardRulesOf(family: Family, parts: readonly Part[], bit: string): string[] {
  const ip = word(family);
  const way = `${ip} saddr . rt ${ip} nexthop`;
  const open = parts.filter((part) => steeredSubnets(part).length > 0);
  return [
    ...(parts.some((part) => part.local)
      ? [`${ip} saddr @local${family} meta mark & ${bit} == ${bit} return`]
      : []),
    ...exitJumps(family, parts),
    ...(open.some((p) => p.nextHops.length > 0) ? [`${way} @nexthops${family} return`] : []),
    ...(open.some((p) => p.linkLocalHops.length > 0) ? [`${way} . oifname @linkhops${family} return`] : []),
    ...(open.some((p) => p.devices.length > 0) ? [`${ip} saddr . oifname @uplinks${family} return`] : []),
    `${ip} daddr @redirected${family} rt ${ip} nexthop @inside${family} return`,
    `${ip} saddr @${stoppedSet(family)} drop`,
  ];
}

/** Before a packet is routed: without the mark of this table it is not steered, because nothing would keep its source. */
function seenChain(parts: readonly Part[], directBit: number, seenBit: number): Wanted {
  const seen = `meta mark set meta mark | ${hex(seenBit)}`;
  const local = parts.some((part) => part.local);
  return chain(
    {
      name: 'prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: afterMangle },
      rules: byFamily(parts).flatMap((group) => [
        `${word(group.family)} saddr @redirected${group.family} ${seen}`,
        ...(local ? exceptionRules(group.family, group.parts, directBit) : []),
      ]),
    },
    local
      ? 'marks what this table has seen, answers of published ports, and direct destinations'
      : 'marks what this table has seen',
  );
}

/** Which packets keep the host's own routing. */
function exceptionRules(family: Family, parts: readonly Part[], directBit: number): string[] {
  const ip = word(family);
  const [all, local, direct] = [`@redirected${family}`, `@local${family}`, `@direct${family}`];
  const bit = hex(directBit);
  const setBit = `meta mark set meta mark | ${bit}`;
  const reply = 'ct direction reply';
  return [
    // Our bit on a packet that did not get it from us would be a way around.
    `${ip} saddr ${all} meta mark & ${bit} == ${bit} meta mark set meta mark & ${hex(0xffffffff - directBit)}`,
    // An engine may have given the one who asked the bridge's address: what it began with counts.
    ...(parts.some((part) => part.local)
      ? [`${ip} saddr ${local} ${reply} ct status dnat ct original ${ip} saddr != ${all} ${setBit}`]
      : []),
    ...exceptionJumps(family, parts),
    ...(parts.some((part) => part.direct.length > 0)
      ? [
          `${ip} daddr != ${all} ${ip} saddr . ${ip} daddr ${direct} ${setBit}`,
          `${reply} ${ip} saddr . ct original ${ip} saddr ${direct} ${setBit}`,
        ]
      : []),
  ];
}

/** A container that gives itself another address. What answers a question came by an address of another network. */
function foreignChains(parts: readonly Part[]): Wanted[] {
  const known = (family: Family): boolean => localIn(family, parts).length > 0;
  const drop = 'iifname @bridges drop';
  return [
    ...(families.some(known)
      ? [
          chain(
            { name: 'foreign', rules: ['ct direction reply return', drop] },
            'stops, and counts, what leaves a bridge with a foreign source',
          ),
        ]
      : []),
    ...(families.every(known)
      ? []
      : [
          chain(
            { name: 'unmentioned', rules: ['ct direction reply ct status dnat return', drop] },
            'stops, and counts, what leaves a bridge in a family that is redirected nowhere here, but for answers of published ports',
          ),
        ]),
  ];
}

function localIn(family: Family, parts: readonly Part[]): Part[] {
  return parts.filter((part) => part.local && part.family === family);
}

function chain(object: Omit<NftChain, 'kind'>, why: string): Wanted {
  return { object: { kind: 'nft-chain', ...object }, why };
}
