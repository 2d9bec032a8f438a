/**
 * What comes in by a link that an engine was made to let in for the gateway's answers: a rule of ours before its drop, or a
 * device that it trusts, cannot tell an answer from a call, because neither has asked conntrack yet. Here, only answers,
 * calls of a port that the engine publishes on this host, and calls of ports that a gateway publishes go on.
 */
import type { Family } from '../../address/cidr.ts';
import type { Called } from '../../topology/role.ts';
import { word } from './word.ts';
import { type InboundLink, type Redirect, type DesiredObject, byFamily } from '../redirect.ts';
import { anyOf, lengthsOf, subnetSets } from './subnet-sets.ts';

/**
 * For chain `forward`. Most of what comes in answers a question: it is let by after two comparisons. What belongs to no flow
 * has a state, too, and no direction.
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

/** The chains that those lead to. */
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
