/**
 * The chains of table `inet mustredirect`. Rules are in nft's own canonical form, so that they can be
 * compared with what the kernel gives back.
 */
import { type NftChain, hex } from '../state/objects.ts';
import { stoppedSet } from '../state/ownership.ts';
import { servedSet } from './nft-sets.ts';
import type { Numbers } from './numbers.ts';
import type { Part, Wanted } from './parts.ts';

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
    ...(hasBridges(parts) ? [foreignChain()] : []),
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
    ...(local ? [translatedChain(directBit)] : []),
  ];
}

/**
 * A flow that began before its subnet was redirected, or while its destination was direct, leaves with the
 * host's address until conntrack has forgotten it: the gateway could not tell whose it is.
 */
function translatedChain(directBit: number): Wanted {
  const began = 'ct status snat ct original ip saddr @local4 ip saddr != @local4 ip daddr != @redirected4';
  const notDirect = `meta mark & ${hex(directBit)} == 0x0`;
  return chain(
    {
      name: 'translated',
      hook: { type: 'filter', hook: 'postrouting', priority: afterSrcnat },
      rules: [`${began} ${notDirect} ct original ip saddr @${stoppedSet} drop`],
    },
    'stops, and counts, what has lost the container’s own address',
  );
}

function forwardRules(parts: readonly Part[]): string[] {
  const clamp = 'ip saddr @redirected4 tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu';
  return [
    // Inside of a bridge its own hosts may talk as they like: with br_netfilter, that comes by here too.
    ...(hasBridges(parts) ? ['ip saddr != @local4 oifname != @bridges jump foreign'] : []),
    'ip saddr @redirected4 jump guard',
    // Should the way back be gone, answers must not go where everything else goes.
    ...(parts.some((part) => part.outside.length > 0)
      ? [`rt ip nexthop . oifname @outside4 ip daddr @${stoppedSet} drop`]
      : []),
    ...(parts.some((part) => part.nat) ? [clamp] : []),
  ];
}

function hasBridges(parts: readonly Part[]): boolean {
  return parts.some((part) => part.bridge !== undefined);
}

function guardRules(parts: readonly Part[], directBit: number): string[] {
  const bit = hex(directBit);
  return [
    ...(parts.some((part) => part.local) ? [`meta mark & ${bit} == ${bit} return`] : []),
    ...(parts.some((p) => p.nextHops.length > 0) ? ['ip saddr . rt ip nexthop @nexthops4 return'] : []),
    ...(parts.some((p) => p.devices.length > 0) ? ['ip saddr . oifname @uplinks4 return'] : []),
    'ip daddr @redirected4 rt ip nexthop @inside4 return',
    `ip saddr @${stoppedSet} drop`,
  ];
}

function natRules(parts: readonly Part[], directBit: number): string[] {
  const bit = hex(directBit);
  const own = `ip saddr @local4 ip daddr != @redirected4 meta mark & ${bit} == 0x0 snat ip to ip saddr`;
  const direct = `ip saddr @masqueraded4 ip daddr != @redirected4 meta mark & ${bit} == ${bit} masquerade`;
  return [
    ...(parts.some((part) => part.local) ? [own] : []),
    ...(parts.some((part) => part.masqueradeDirect) ? [direct] : []),
    ...parts.flatMap(({ nat }) =>
      nat ? [`ip saddr @${servedSet(nat.gateway)} oifname "${nat.device}" ${nat.verdict}`] : [],
    ),
  ];
}

/** Before a packet is routed: without the mark of this table it is not steered, because nothing would keep its source. */
function seenChain(parts: readonly Part[], directBit: number, seenBit: number): Wanted {
  const seen = `ip saddr @redirected4 meta mark set meta mark | ${hex(seenBit)}`;
  const local = parts.some((part) => part.local);
  return chain(
    {
      name: 'prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: afterMangle },
      rules: [seen, ...(local ? exceptionRules(parts, directBit) : [])],
    },
    local
      ? 'marks what this table has seen, answers of published ports, and direct destinations'
      : 'marks what this table has seen',
  );
}

/** Which packets keep the host's own routing. */
function exceptionRules(parts: readonly Part[], directBit: number): string[] {
  const bit = hex(directBit);
  const setBit = `meta mark set meta mark | ${bit}`;
  const reply = 'ct direction reply';
  return [
    // Our bit on a packet that did not get it from us would be a way around.
    `ip saddr @redirected4 meta mark & ${bit} == ${bit} meta mark set meta mark & ${hex(0xffffffff - directBit)}`,
    // An engine may have given the one who asked the bridge's address: what it began with counts.
    `ip saddr @local4 ${reply} ct status dnat ct original ip saddr != @redirected4 ${setBit}`,
    ...(parts.some((part) => part.direct.length > 0)
      ? [
          `ip daddr != @redirected4 ip saddr . ip daddr @direct4 ${setBit}`,
          `${reply} ip saddr . ct original ip saddr @direct4 ${setBit}`,
        ]
      : []),
  ];
}

/** A container that gives itself another address. What answers a question came by an address of another network. */
function foreignChain(): Wanted {
  return chain(
    { name: 'foreign', rules: ['ct direction reply return', 'iifname @bridges drop'] },
    'stops, and counts, what leaves a bridge with a foreign source',
  );
}

function chain(object: Omit<NftChain, 'kind'>, why: string): Wanted {
  return { object: { kind: 'nft-chain', ...object }, why };
}
