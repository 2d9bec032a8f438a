/** nft matches of routes, for the guard and for source NAT. */
import { type Family, shortSubnet } from '../../address/cidr.ts';
import type { Selector } from '../../spec/route-order.ts';
import { rangeText } from '../../kinds/rule/text.ts';
import { word } from './word.ts';
import type { Redirect, PolicyRoute } from '../redirect.ts';
import { isNotRedirected } from './subnet-sets.ts';

/** Routes, most specific first, like the `ip rule`s that choose the table: the first match decides. */
export function gatewayRoutes(redirects: readonly Redirect[]): PolicyRoute[] {
  return redirects
    .flatMap(({ routed }) => routed?.ways ?? [])
    .filter(({ table }) => table !== undefined)
    .toSorted((a, b) => a.selector.rank - b.selector.rank);
}

/** Between redirected networks no route applies. */
export function routeMatch(
  family: Family,
  redirects: readonly Redirect[],
  { from, selector }: PolicyRoute,
): string {
  const source = `${word(family)} saddr ${shortSubnet(from)}`;
  const outside = isNotRedirected(family, 'destination', redirects);
  return joinWords([source, outside, selectorMatch(family, selector)]);
}

export function selectorMatch(family: Family, selector: Selector): string {
  return joinWords([destination(family, selector), protocol(family, selector)]);
}

export function joinWords(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

function destination(family: Family, { to }: Selector): string {
  return to === undefined ? '' : `${word(family)} daddr ${shortSubnet(to)}`;
}

function protocol(family: Family, { proto, ports }: Selector): string {
  if (proto === undefined) return '';
  if (ports) return `${proto} dport ${rangeText(ports)}`;
  return `meta l4proto ${proto === 'icmp' && family === 6 ? 'ipv6-icmp' : proto}`;
}
