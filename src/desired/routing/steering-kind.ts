/**
 * Kinds of steering: one `ip rule` for each source, or a fwmark from a map of the nft table. The kernel walks rules one
 * by one; the cost of a map does not depend on its size.
 */
import { type Family, mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { GatewayNumbers } from '../../state/ledger.ts';
import { mainTable } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import {
  type Redirect,
  type Steered,
  byFamily,
  isNode,
  isPool,
  kernelRoutesOf,
  subnetsOf,
} from '../redirect.ts';

/** The redirects of one family, and how their packets are steered. */
export interface SteeredFamily {
  readonly family: Family;
  readonly redirects: readonly Redirect[];
  readonly steering: Steering;
}

export type Steering = typeof bySource | SteeringByMark;

const bySource = { kind: 'source', gateways: [], mask: 0, ownerBit: 0, replyLinks: [] } as const;

interface SteeringByMark {
  readonly kind: 'mark';
  /** gateways with steered packets, sorted by name */
  readonly gateways: readonly GatewayMark[];
  /** the bits of all gateways' marks */
  readonly mask: number;
  /** mark bit that identifies a gateway's mark as ours */
  readonly ownerBit: number;
  /** links on which replies arrive: the reverse path filter looks up their route with their mark; none in IPv6 */
  readonly replyLinks: readonly ReplyLink[];
}

interface GatewayMark extends GatewayNumbers {
  readonly gateway: string;
}

interface ReplyLink {
  readonly gateway: string;
  readonly mark: number;
  readonly device: string;
}

/** up to this number of merged subnets, rules by source cost no more than the map [measured: docs/performance.md] */
const rulesAtMost = 8;

export function steeredFamilies(
  redirects: readonly Redirect[],
  facts: Pick<Facts, 'xfrm' | 'defaultHops'>,
  numbers: Numbers,
): SteeredFamily[] {
  return byFamily(redirects).map((group) => ({
    ...group,
    steering: steeringOf(group.family, group.redirects, facts, numbers),
  }));
}

function steeringOf(
  family: Family,
  redirects: readonly Redirect[],
  facts: Pick<Facts, 'xfrm' | 'defaultHops'>,
  { gateways, ownerBit }: Numbers,
): Steering {
  const isByMark =
    // Without the table, packets have no mark; only xfrm policies then keep them from leaving.
    facts.xfrm &&
    redirects.some(({ steer }) => steer) &&
    mergeSubnets(subnetsOf(redirects.filter((one) => !isPool(one)))).length > rulesAtMost &&
    // IPv6 has no reverse path filter.
    (family === 6 || linksSeparateReplies(redirects, facts));
  if (ownerBit === undefined || !isByMark) return bySource;
  const names = [...new Set(redirects.flatMap(({ steer }) => steer?.gateway ?? []))].sort();
  return {
    kind: 'mark',
    gateways: names.map((gateway) => ({ gateway, mark: 0, table: 0, ...gateways[gateway] })),
    mask: Object.values(gateways).reduce((mask, { mark }) => (mask | mark) >>> 0, 0),
    ownerBit,
    replyLinks: family === 4 ? replyLinksOf(redirects, gateways) : [],
  };
}

/** The links on which replies arrive from each gateway or its uplink, but no packets of redirected subnets. */
function replyLinksOf(redirects: readonly Steered[], gateways: Numbers['gateways']): ReplyLink[] {
  const ingressLinks = new Set(ingressLinksOf(redirects));
  const found = redirects.flatMap(({ steer }) =>
    (steer?.routes ?? []).flatMap(({ route: { table, target } }) =>
      steer && table === steer.table && target.kind === 'unicast' && target.device !== undefined
        ? [{ gateway: steer.gateway, mark: gateways[steer.gateway]?.mark ?? 0, device: target.device }]
        : [],
    ),
  );
  const unique = [...new Map(found.map((link) => [`${link.gateway} ${link.device}`, link])).values()];
  return unique.filter(({ device }) => !ingressLinks.has(device));
}

export function replyDevices({ replyLinks }: Steering): string[] {
  return [...new Set(replyLinks.map(({ device }) => device))].sort();
}

/**
 * Requests and replies have the same mark, and only their ingress link tells them apart. So no link may be both ingress
 * and egress, unless it is the only link: then every lookup leads to it.
 */
function linksSeparateReplies(
  redirects: readonly Redirect[],
  { defaultHops }: Pick<Facts, 'defaultHops'>,
): boolean {
  const egressDevices = devicesOf(redirects, (table) => table !== mainTable);
  const ingressLinks = ingressLinksOf(redirects);
  if (!ingressLinks.some((device) => egressDevices.includes(device))) return true;
  const all = new Set([...egressDevices, ...ingressLinks, ...defaultHops.map(({ device }) => device)]);
  return all.size === 1 && !redirects.some(isNode);
}

/** Links on which packets of nodes arrive. */
function ingressLinksOf(redirects: readonly Steered[]): string[] {
  return devicesOf(redirects, (table) => table === mainTable);
}

function devicesOf(redirects: readonly Steered[], which: (table: number) => boolean): string[] {
  const found = new Set<string>();
  for (const { route } of kernelRoutesOf(redirects)) {
    const { table, target } = route;
    if (which(table) && target.kind === 'unicast' && target.device !== undefined) found.add(target.device);
  }
  return [...found].sort();
}
