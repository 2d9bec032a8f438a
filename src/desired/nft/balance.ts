/**
 * Chains and maps of gateways with `mode: balance` or `flows: drain`. The first packet of a connection gets a member by a
 * hash of its addresses, which the connection's mark remembers; every other packet pays one lookup of that mark. A
 * member that keeps no connections has its marks in the map, too: they lead to a new choice, so only its own
 * connections move.
 */
import type { Family } from '../../address/cidr.ts';
import { slotSeed } from '../../health/slots.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { slotMap } from '../../kinds/nft-table/set-name.ts';
import { hex } from '../../kinds/words.ts';
import { type Numbers, memberMarks } from '../allocate/numbers.ts';
import type { Balance, BalancedMember, DesiredObject, Redirect } from '../redirect.ts';
import { balancedMembers, balancesIn, memberBits } from '../routing/balance.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import { setMark } from './mark-text.ts';
import { gatewayRoutes, routeMatch } from './route-match.ts';
import { isRedirected } from './subnet-sets.ts';

/** Chain that packets of a balanced network go to. */
export function spreadChain(family: Family, gateway: string): string {
  return `spread${family}_${gateway}`;
}

/** Match of a mark that the connection has from an earlier packet; it leads to the chain of the member. */
export function byConnection(family: Family, gateway: string): string {
  return `ct mark & ${hex(memberMarks)} vmap @${keptMap(family, gateway)}`;
}

/**
 * @param firstRules rules of each gateway's chain that mark packets as checked
 * @param mask bits of gateways' marks, which a member's mark replaces
 */
export function balanceChains(
  family: Family,
  redirects: readonly Redirect[],
  numbers: Numbers,
  {
    mask,
    firstRules,
  }: { readonly mask: number; readonly firstRules: (gateway: string) => readonly string[] },
): DesiredObject[] {
  return [
    ...balancesIn(redirects).flatMap((balance) =>
      gatewayChains(family, balance, redirects, firstRules(balance.gateway)),
    ),
    ...balancedMembers(redirects).flatMap((member) => memberChains(family, member, numbers, mask)),
  ];
}

function gatewayChains(
  family: Family,
  { gateway, slots }: Balance,
  redirects: readonly Redirect[],
  firstRules: readonly string[],
): DesiredObject[] {
  const ip = ipKeyword(family);
  const choose = `choose${family}_${gateway}`;
  const hold = [byConnection(family, gateway), `goto ${choose}`];
  const routes = routeRules(family, gateway, redirects);
  const holdChain = `hold${family}_${gateway}`;
  return [
    chain(
      spreadChain(family, gateway),
      [...firstRules, ...(routes.length > 0 ? [...routes, `goto ${holdChain}`] : hold)],
      `spread connections over the members of gateway ${gateway}`,
    ),
    ...(routes.length > 0 ? [chain(holdChain, hold, 'keep the member of a connection')] : []),
    chain(
      choose,
      [
        ...isRedirected(family, 'destination', redirects).map((inside) => `${inside} return`),
        // conntrack takes an ICMP error for a packet of the connection that it quotes: that may be one of another network.
        `meta l4proto ${family === 4 ? 'icmp' : 'ipv6-icmp'} ct state related return`,
        // Packets to a member's own address leave by that member.
        `${ip} daddr vmap @${memberMap(family, gateway)}`,
        `jhash ${ip} saddr . ${ip} daddr mod ${slots.length} seed ${hex(slotSeed)} vmap @${slotMap(family, gateway)}`,
      ],
      `choose a member of gateway ${gateway}`,
    ),
  ];
}

/** The first match decides, as with `ip rule`: packets with a route to another gateway have no member of this one. */
function routeRules(family: Family, gateway: string, redirects: readonly Redirect[]): string[] {
  const own = redirects.filter(({ steer }) => steer?.balance?.gateway === gateway);
  return gatewayRoutes(own).map((route) => {
    const verdict = route.selector.via === gateway ? `goto hold${family}_${gateway}` : 'return';
    return `${routeMatch(family, redirects, route)} ${verdict}`;
  });
}

function memberChains(
  family: Family,
  member: BalancedMember,
  numbers: Numbers,
  mask: number,
): DesiredObject[] {
  const { host, mark } = member;
  const { ownerBit = 0 } = numbers;
  const ours = (mask | memberMarks | ownerBit) >>> 0;
  return [
    chain(
      firstChain(family, host),
      [setMark('ct mark', memberMarks, mark), `goto ${memberChain(family, host)}`],
      `remember member ${host} with the connection`,
    ),
    chain(
      memberChain(family, host),
      [setMark('meta mark', ours, memberBits(member, numbers))],
      `mark packets for member ${host}`,
    ),
  ];
}

export function balanceMaps(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  return balancesIn(redirects).flatMap((balance) => mapsOf(family, balance));
}

function mapsOf(family: Family, { gateway, members, slots }: Balance): DesiredObject[] {
  const ofConnection = members.map(({ host, mark, keepsConnections }) =>
    element(hex(mark), keepsConnections ? memberChain(family, host) : `choose${family}_${gateway}`),
  );
  const ofMember = members.map(({ host, address }) => element(address, firstChain(family, host)));
  const ofSlot = slots.map((host, slot) => element(hex(slot), firstChain(family, host)));
  return [
    map(keptMap(family, gateway), 'mark', ofConnection, 'chain for the mark that each connection has'),
    map(memberMap(family, gateway), `ipv${family}_addr`, ofMember, 'packets to a member itself go there'),
    map(slotMap(family, gateway), 'integer', ofSlot, 'member of each slot, for new connections'),
  ];
}

function element(key: string, target: string): string {
  return `${key} : goto ${target}`;
}

function map(name: string, type: string, elements: readonly string[], why: string): DesiredObject {
  const object = {
    kind: 'nft-set',
    name,
    exact: true,
    verdicts: true,
    type: [type],
    counted: false,
    elements: [...elements],
  } satisfies NftSet;
  return { object, why };
}

function keptMap(family: Family, gateway: string): string {
  return `kept${family}_${gateway}`;
}

function memberMap(family: Family, gateway: string): string {
  return `members${family}_${gateway}`;
}

function memberChain(family: Family, host: string): string {
  return `member${family}_${host}`;
}

function firstChain(family: Family, host: string): string {
  return `first${family}_${host}`;
}
