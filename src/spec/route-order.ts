/**
 * Sorts the routes of one network by priority: longest prefix first, then the more specific match. `direct` is a route,
 * too.
 */
import { type Family, type Subnet, familyOf, prefixLength } from '../address/cidr.ts';
import type { NetworkRoute, Ports, RouteProtocol } from './spec.ts';

/** One destination and one port range of a route. */
export interface Selector {
  /** absent: any destination */
  readonly to?: Subnet;
  readonly proto?: RouteProtocol;
  readonly ports?: Ports;
}

export interface RankedSelector extends Selector {
  /** name of a gateway, or `direct` */
  readonly via: string;
  /** of two overlapping selectors, the lower rank wins; selectors of one rank have the same `via` */
  readonly rank: number;
}

/**
 * Number of rule preferences reserved for the routes of a network. One more, behind them, is for a network that leaves
 * directly while its gateway is down.
 */
export const mostRanks = 39;

export type RouteInput = Pick<NetworkRoute, 'via'> & Partial<NetworkRoute>;

/** Selectors of a family, most specific first. */
export function rankRoutes(
  { direct, routes }: { readonly direct: readonly Subnet[]; readonly routes: readonly RouteInput[] },
  family: Family,
): RankedSelector[] {
  const all = [...direct.map((to) => ({ to, via: 'direct' })), ...routes.flatMap(selectorsOf)];
  const sorted = all
    .filter(({ to }) => to === undefined || familyOf(to) === family)
    .toSorted((a, b) => compare(classOf(a), classOf(b)));
  let rank = 0;
  return sorted.map((selector, i) => {
    // Selectors with the same `via` share a rank, unless their form differs: `ip rule delete` deletes the first rule of
    // a preference that has the given fields, even if it has more.
    const before = sorted[i - 1];
    if (before && (before.via !== selector.via || shapeOf(before) !== shapeOf(selector))) rank += 1;
    return { ...selector, rank };
  });
}

export function selectorsOf({ to = [], proto, ports = [], via }: RouteInput): (Selector & { via: string })[] {
  const destinations = to.length > 0 ? to.map((subnet) => ({ to: subnet })) : [{}];
  const ranges = ports.length > 0 ? ports.map((range) => ({ ports: range })) : [{}];
  return destinations.flatMap((destination) =>
    ranges.map((range) => ({ ...destination, ...(proto === undefined ? {} : { proto }), ...range, via })),
  );
}

/** Whether a packet may match both, and neither is more specific. */
export function isAmbiguous(a: Selector, b: Selector): boolean {
  if (a.to !== b.to || a.proto !== b.proto) return false;
  if (!a.ports || !b.ports) return a.ports === b.ports;
  return a.ports[0] <= b.ports[1] && b.ports[0] <= a.ports[1];
}

/** `198.51.100.0/24 tcp 25`, for messages and plan reasons. */
export function selectorText({ to, proto, ports }: Selector): string {
  const range = ports && [...new Set(ports)].join('-');
  return [to, proto, range].filter((part) => part !== undefined).join(' ');
}

function shapeOf(selector: Selector): string {
  return Object.keys(selector).sort().join();
}

/** Sort key: the smaller one comes first. */
function classOf({ to, proto, ports }: Selector): readonly [number, number] {
  const vague = ports ? 0 : proto === undefined ? 2 : 1;
  return [to === undefined ? 0 : -prefixLength(to), vague];
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
