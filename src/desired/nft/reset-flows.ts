/**
 * TCP connections of containers that this gateway has not translated: another member has, or conntrack has lost them.
 * The server does not know them by the new address, so their containers are told at once. Only the first packet of a
 * connection passes a chain of type nat: the others cost nothing.
 */
import type { Family } from '../../address/cidr.ts';
import { type DesiredObject, type Redirect, byFamily } from '../redirect.ts';
import { chain } from './chain.ts';
import { type Nat, gatewayPackets, translates } from './nat.ts';
import { beforeDstnat } from './published-ports.ts';
import { isNotRedirected } from './subnet-sets.ts';

/** Packets that begin no connection; to one with RST, the kernel sends none. */
const notFirst = 'tcp flags & (syn | rst) != syn';

export function resetFlowsChain(redirects: readonly Redirect[]): DesiredObject[] {
  const rules = byFamily(redirects).flatMap((group) => resetRules(group.family, group.redirects));
  if (rules.length === 0) return [];
  const hook = { type: 'nat', hook: 'prerouting', priority: beforeDstnat } as const;
  return [chain('midstream', rules, 'reset TCP connections that this gateway has not translated', hook)];
}

/** The first match decides which gateway a packet belongs to. */
function resetRules(family: Family, redirects: readonly Redirect[]): string[] {
  const packets = gatewayPackets(family, redirects);
  // Connections between networks, of which this host may see one direction only, and those to itself are not translated.
  const toOutside = `${isNotRedirected(family, 'destination', redirects)} fib daddr type != local`;
  const last = packets.findLastIndex(({ nat }) => resets(nat));
  return packets
    .slice(0, last + 1)
    .map(({ match, nat }) =>
      resets(nat) ? `${match} ${toOutside} ${notFirst} reject with tcp reset` : `${match} return`,
    );
}

function resets(nat: Nat): boolean {
  return nat.resetsFlows === true && translates({ nat });
}
