/** nft matches of routes, for the guard and for source NAT. */
import { type Family, shortSubnet } from '../../address/cidr.ts';
import type { Selector } from '../../spec/route-order.ts';
import { rangeText } from '../../kinds/rule/text.ts';
import { ipKeyword } from './ip-keyword.ts';
import { type Steered, type PolicyRoute, policyRoutesOf } from '../redirect.ts';
import { isNotRedirected } from './subnet-sets.ts';

/** Sorted like the `ip rule`s that select the table, most specific first: the first match decides. */
export function gatewayRoutes(redirects: readonly Steered[]): PolicyRoute[] {
  return policyRoutesOf(redirects)
    .flatMap(({ routes }) => routes)
    .filter(({ table }) => table !== undefined)
    .toSorted((a, b) => a.selector.rank - b.selector.rank);
}

/** Routes do not apply between redirected networks. */
export function routeMatch(
  family: Family,
  redirects: readonly Steered[],
  { from, selector }: PolicyRoute,
): string {
  const source = `${ipKeyword(family)} saddr ${shortSubnet(from)}`;
  const toOutside = isNotRedirected(family, 'destination', redirects);
  return joinWords([source, toOutside, selectorMatch(family, selector)]);
}

export function selectorMatch(family: Family, selector: Selector): string {
  return joinWords([destination(family, selector), protocol(family, selector)]);
}

export function joinWords(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ');
}

function destination(family: Family, { to }: Selector): string {
  return to === undefined ? '' : `${ipKeyword(family)} daddr ${shortSubnet(to)}`;
}

function protocol(family: Family, { proto, ports }: Selector): string {
  if (proto === undefined) return '';
  if (ports) return `${proto} dport ${rangeText(ports)}`;
  return `meta l4proto ${proto === 'icmp' && family === 6 ? 'ipv6-icmp' : proto}`;
}
