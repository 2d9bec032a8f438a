/**
 * Inbound packets on links that the engine accepts because of the gateway's replies. Our accept rule before the engine's drop, or
 * a device that the engine trusts, also accepts new connections, because conntrack has not seen the packet yet. These chains accept
 * only replies, and packets to ports that the engine or a gateway publishes.
 */
import type { Family } from '../../address/cidr.ts';
import type { Called } from '../../topology/role.ts';
import { word } from './word.ts';
import { type InboundLink, type Redirect, type DesiredObject, byFamily } from '../redirect.ts';
import { anyOf, lengthsOf, subnetSets } from './subnet-sets.ts';

/**
 * Jumps for chain `forward`. Most inbound packets are replies, and pass after two comparisons. Packets without a flow have a
 * `ct state`, but no `ct direction`.
 */
export function inboundJumps(family: Family, redirects: readonly Redirect[]): string[] {
  const links = linksOf(redirects);
  const lengths = lengthsOf(links.map(({ subnet }) => subnet));
  return [...new Set(links.map(({ device }) => device))].flatMap((device) =>
    anyOf(family, 'destination', setName(family), lengths).map(
      (destination) => `iifname "${device}" ct state != established ${destination} jump ${setName(family)}`,
    ),
  );
}

/** The chains that the jumps target. */
export function inboundChains(redirects: readonly Redirect[]): DesiredObject[] {
  return byFamily(redirects).flatMap(({ family, redirects: some }) => {
    const links = linksOf(some);
    if (links.length === 0) return [];
    const calls = links.flatMap(({ called }) => called.map((port) => callText(family, port)));
    const rules = ['ct state related return', 'ct status dnat return', ...new Set(calls), 'drop'];
    return [
      {
        object: { kind: 'nft-chain', name: setName(family), rules },
        why: 'allow only replies and published ports on links where the engine allows everything',
      },
    ];
  });
}

export function inboundSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const subnets = linksOf(redirects).map(({ subnet }) => subnet);
  return subnetSets(
    family,
    setName(family),
    subnets,
    'subnets that accept only replies and published ports from the gateway’s link',
  );
}

function linksOf(redirects: readonly Redirect[]): InboundLink[] {
  return redirects.flatMap(({ inbound = [] }) => inbound);
}

function setName(family: Family): string {
  return `inbound${family}`;
}

function callText(family: Family, { to, proto, toPort }: Omit<Called, 'from'>): string {
  return `${word(family)} daddr ${to} ${proto} dport ${toPort} return`;
}
