/**
 * The routes of one network in the order in which they are asked: the longest prefix first, then the more specific
 * match. `direct` is a route too.
 */
import { type Family, type Subnet, familyOf, prefixLength } from '../address/cidr.ts';
import type { NetworkRoute, Ports, RouteProtocol } from './spec.ts';

/** One destination, and one range of ports, of a route. */
export interface Selector {
  /** absent: every destination */
  readonly to?: Subnet;
  readonly proto?: RouteProtocol;
  readonly ports?: Ports;
}

export interface RankedSelector extends Selector {
  /** a gateway, or `direct` */
  readonly via: string;
  /** of two that overlap, the one of the lower rank decides; those of one rank all lead the same way */
  readonly rank: number;
}

/** Preferences that rules of routes have on a host. */
export const mostRanks = 40;

type Ways = Pick<NetworkRoute, 'via'> & Partial<NetworkRoute>;

/** The selectors of a family, most specific first. */
export function rankRoutes(
  { direct, routes }: { readonly direct: readonly Subnet[]; readonly routes: readonly Ways[] },
  family: Family,
): RankedSelector[] {
  const all = [...direct.map((to) => ({ to, via: 'direct' })), ...routes.flatMap(selectorsOf)];
  const sorted = all
    .filter(({ to }) => to === undefined || familyOf(to) === family)
    .toSorted((a, b) => compare(classOf(a), classOf(b)));
  let rank = 0;
  return sorted.map((selector, i) => {
    // Of those that all lead the same way, none needs to come first. But `ip rule delete` takes the first rule that
    // has what was named, and maybe more.
    const before = sorted[i - 1];
    if (before && (before.via !== selector.via || shapeOf(before) !== shapeOf(selector))) rank += 1;
    return { ...selector, rank };
  });
}

export function selectorsOf({ to = [], proto, ports = [], via }: Ways): (Selector & { via: string })[] {
  const destinations = to.length > 0 ? to.map((subnet) => ({ to: subnet })) : [{}];
  const ranges = ports.length > 0 ? ports.map((range) => ({ ports: range })) : [{}];
  return destinations.flatMap((destination) =>
    ranges.map((range) => ({ ...destination, ...(proto === undefined ? {} : { proto }), ...range, via })),
  );
}

/** Whether some packet is meant by both, and neither is more specific. */
export function tie(a: Selector, b: Selector): boolean {
  if (a.to !== b.to || a.proto !== b.proto) return false;
  if (!a.ports || !b.ports) return a.ports === b.ports;
  return a.ports[0] <= b.ports[1] && b.ports[0] <= a.ports[1];
}

/** `198.51.100.0/24 tcp 25`, for messages and reasons. */
export function selectorText({ to, proto, ports }: Selector): string {
  const range = ports && [...new Set(ports)].join('-');
  return [to, proto, range].filter((part) => part !== undefined).join(' ');
}

function shapeOf(selector: Selector): string {
  return Object.keys(selector).sort().join();
}

/** Smaller comes first. */
function classOf({ to, proto, ports }: Selector): readonly [number, number] {
  const vague = ports ? 0 : proto === undefined ? 2 : 1;
  return [to === undefined ? 0 : -prefixLength(to), vague];
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
