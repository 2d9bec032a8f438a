/**
 * Inbound packets on links that are open for the gateway's replies. Our accept rule before the engine's drop, or a
 * device that the engine trusts, also accepts new connections, because conntrack has not seen the packet yet. These
 * chains accept only replies, and packets to ports that the engine or a gateway publishes.
 */
import type { Family } from '../../address/cidr.ts';
import type { InboundPort } from '../../topology/role.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import { type InboundLink, type Redirect, type DesiredObject, byFamily, isNode } from '../redirect.ts';
import { isIn, subnetSets } from './subnet-sets.ts';

/**
 * Jumps for chain `forward`. Most inbound packets are replies, and pass after two comparisons. The match is `ct state`
 * because packets without a connection have no `ct direction`.
 */
export function inboundJumps(family: Family, redirects: readonly Redirect[]): string[] {
  const links = linksOf(redirects);
  const sets = { family, name: setName(family), subnets: links.map(({ subnet }) => subnet) };
  return [...new Set(links.map(({ device }) => device))].flatMap((device) =>
    isIn(sets, 'destination').map(
      (destination) => `iifname "${device}" ct state != established ${destination} jump ${setName(family)}`,
    ),
  );
}

export function inboundChains(redirects: readonly Redirect[]): DesiredObject[] {
  return byFamily(redirects).flatMap(({ family, redirects: some }) => {
    const links = linksOf(some);
    if (links.length === 0) return [];
    const published = links.flatMap(({ inboundPorts }) =>
      inboundPorts.map((port) => publishedPortRule(family, port)),
    );
    const rules = ['ct state related return', 'ct status dnat return', ...new Set(published), 'drop'];
    const why = 'allow only replies and published ports on links where the engine allows everything';
    return [chain(setName(family), rules, why)];
  });
}

export function inboundSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const subnets = linksOf(redirects).map(({ subnet }) => subnet);
  const why = 'subnets that accept only replies and published ports from the gateway’s link';
  return subnetSets(family, setName(family), subnets, why);
}

function linksOf(redirects: readonly Redirect[]): InboundLink[] {
  return redirects.filter(isNode).flatMap(({ inbound }) => inbound);
}

function setName(family: Family): string {
  return `inbound${family}`;
}

function publishedPortRule(family: Family, { to, proto, toPort }: Omit<InboundPort, 'from'>): string {
  return `${ipKeyword(family)} daddr ${to} ${proto} dport ${toPort} return`;
}
