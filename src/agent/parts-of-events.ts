/** Which parts of the host the events of `ip -oneline monitor … label` are about. Pure. */
import { type HostPart, hostParts } from '../inspect/host-parts.ts';

/** By label. A link that goes down, or loses an address, takes IPv4 routes along, of which no event tells. */
const partsOfLabel: Readonly<Record<string, readonly HostPart[]>> = {
  LINK: ['links', 'routes'],
  ADDR: ['links', 'routes'],
  ROUTE: ['routes'],
  // One that goes takes IPv4 routes along, of which no event tells.
  NEXTHOP: ['routes'],
  RULE: ['rules'],
  // Settings in /proc, which every look reads.
  NETCONF: [],
};

/** @param lines whole lines; one without a known label may be about all */
export function partsOfEvents(lines: readonly string[]): readonly HostPart[] {
  const labels = new Set(lines.map((line) => /^\[(\w+)\]/.exec(line)?.[1] ?? ''));
  return [...new Set([...labels].flatMap((label) => partsOfLabel[label] ?? hostParts))];
}
