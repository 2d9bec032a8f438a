/** Finds crafted packets at forbidden places. */
import type { Family } from '../../../src/address/cidr.ts';
import type { Crafted } from './packets.ts';
import { type Place, places } from './places.ts';
import type { Seen } from './run.ts';

export interface Leak {
  readonly packet: Crafted;
  readonly place: Place;
}

export function leaksOf(packets: readonly Crafted[], seen: Seen): readonly Leak[] {
  return places.flatMap((place) =>
    packets
      .filter(({ id, allowed }) => seen[place].has(id) && !allowed.includes(place))
      .map((packet) => ({ packet, place })),
  );
}

/** Number of different packets, of one family or of both. */
export function countPackets(leaks: readonly Leak[], family?: Family): number {
  const some = leaks.filter(({ packet }) => family === undefined || packet.family === family);
  return new Set(some.map(({ packet }) => packet.id)).size;
}

/** One line for each place, then one for each packet; empty when there are none. */
export function leakTable(leaks: readonly Leak[]): string {
  const at = (place: Place): readonly Leak[] => leaks.filter((leak) => leak.place === place);
  const found = places.filter((place) => at(place).length > 0);
  return found
    .map((place) =>
      [`${place}: ${at(place).length}`, ...at(place).map(({ packet }) => `  ${packet.name}`)].join('\n'),
    )
    .join('\n');
}
