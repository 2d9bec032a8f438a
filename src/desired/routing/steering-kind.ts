/**
 * Kinds of steering: one `ip rule` for each source, or a fwmark from a map of the nft table. The kernel walks rules one by one;
 * the cost of a map does not depend on its size.
 */
import { type Family, mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { mainTable } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Redirect, byFamily } from '../redirect.ts';

/** the families in which a mark steers */
export type ByMark = ReadonlySet<Family>;

/** subnets, merged, up to which rules by source cost no more than the map [measured: docs/performance.md] */
const rulesAtMost = 8;

export function steeredByMark(
  redirects: readonly Redirect[],
  facts: Pick<Facts, 'xfrm' | 'defaultHops'>,
  { ownerBit }: Pick<Numbers, 'ownerBit'>,
): ByMark {
  if (ownerBit === undefined) return new Set();
  const marked = byFamily(redirects).filter(
    ({ family, redirects: some }) =>
      // With no mark left, nothing else would keep what is not seen from leaving.
      facts.xfrm &&
      some.some(({ steer }) => steer) &&
      mergeSubnets(some.flatMap(({ subnets }) => subnets)).length > rulesAtMost &&
      // IPv6 has no reverse path filter that would ask.
      (family === 6 || linksTellTheWay(some, facts)),
  );
  return new Set(marked.map(({ family }) => family));
}

/** The mark of each gateway that something is steered to, and the bits that all of them have. */
export function marksOf(
  redirects: readonly Redirect[],
  { gateways }: Numbers,
): {
  readonly mask: number;
  readonly gateways: readonly {
    readonly gateway: string;
    readonly mark: number;
    readonly table: number;
  }[];
} {
  const names = [...new Set(redirects.flatMap(({ steer }) => steer?.gateway ?? []))].sort();
  return {
    mask: Object.values(gateways).reduce((mask, { mark }) => (mask | mark) >>> 0, 0),
    gateways: names.map((gateway) => ({ gateway, mark: 0, table: 0, ...gateways[gateway] })),
  };
}

/**
 * The links by which answers come from each gateway, or from its outside, and nothing that is redirected: an answer is told
 * from a question by them.
 */
export function replyLinks(
  redirects: readonly Redirect[],
): { readonly gateway: string; readonly device: string }[] {
  const ingressLinks = new Set(ingressLinksOf(redirects));
  const found = redirects.flatMap(({ steer, routes }) =>
    routes.flatMap(({ route: { table, target } }) =>
      steer && table === steer.table && target.kind === 'unicast' && target.device !== undefined
        ? [{ gateway: steer.gateway, device: target.device }]
        : [],
    ),
  );
  const unique = [...new Map(found.map((way) => [`${way.gateway} ${way.device}`, way])).values()];
  return unique.filter(({ device }) => !ingressLinks.has(device));
}

export function linksBack(redirects: readonly Redirect[]): string[] {
  return [...new Set(replyLinks(redirects).map(({ device }) => device))].sort();
}

/**
 * A question and its answer have the same mark, and are told apart by the link that they come in by. So one link cannot be
 * both a way in and a way out, unless there is no other: then all lookups lead to it.
 */
function linksTellTheWay(
  redirects: readonly Redirect[],
  { defaultHops }: Pick<Facts, 'defaultHops'>,
): boolean {
  const ways = devicesOf(redirects, (table) => table !== mainTable);
  const ingressLinks = ingressLinksOf(redirects);
  if (!ingressLinks.some((device) => ways.includes(device))) return true;
  const all = new Set([...ways, ...ingressLinks, ...defaultHops.map(({ device }) => device)]);
  return all.size === 1 && !redirects.some(({ local }) => local);
}

/** Links by which nodes send here. */
function ingressLinksOf(redirects: readonly Redirect[]): string[] {
  return devicesOf(redirects, (table) => table === mainTable);
}

function devicesOf(redirects: readonly Redirect[], which: (table: number) => boolean): string[] {
  const found = redirects.flatMap(({ routes }) =>
    routes.flatMap(({ route: { table, target } }) =>
      which(table) && target.kind === 'unicast' ? (target.device ?? []) : [],
    ),
  );
  return [...new Set(found)].sort();
}
