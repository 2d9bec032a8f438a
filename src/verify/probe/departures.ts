/** Packets of a probe that left this host, by an expected egress or by another. */
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { Sighting } from './captures.ts';
import { unique } from '../judge/verdict.ts';
import type { Egress } from '../judge/egress.ts';

export interface Departure {
  readonly packet: Sighting;
  /** for the report: `eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75)` */
  readonly by: string;
}

export interface Departures {
  readonly right: readonly Departure[];
  readonly wrong: readonly Departure[];
  /** links of the right ways, and those that their packets pass once more below them */
  readonly rightLinks: readonly string[];
}

interface Surroundings {
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
}

export function sortDepartures(
  packets: readonly Sighting[],
  ways: readonly Egress[],
  { links, neighbours }: Surroundings,
): Departures {
  const wayLinks = ways.map(({ link }) => link);
  const ports = links.filter(({ master }) => master && wayLinks.includes(master)).map(({ name }) => name);
  const left = packets.filter(({ direction, link }) => direction === 'out' && !ports.includes(link));
  const right = left.filter((packet) => ways.some((way) => isWay(packet, way, neighbours)));
  const parents = parentsOf(links, wayLinks);
  const wrong = withoutEchoes(
    left.filter((packet) => !right.includes(packet)),
    right,
    parents,
  );
  const name = (packet: Sighting): Departure => ({ packet, by: nameWay(packet, neighbours) });
  return {
    right: right.map(name),
    wrong: wrong.map(name),
    rightLinks: [...wayLinks, ...ports, ...parents],
  };
}

function isWay({ link, toMac }: Sighting, way: Egress, neighbours: readonly Neighbour[]): boolean {
  if (link !== way.link) return false;
  if (way.nextHop === undefined) return true;
  return neighbours.some(({ dst, dev, lladdr }) => dst === way.nextHop && dev === link && lladdr === toMac);
}

function parentsOf(links: readonly Link[], names: readonly string[]): string[] {
  const parents = links.filter(({ name }) => names.includes(name)).flatMap(({ parent }) => parent ?? []);
  return parents.length > 0 ? [...parents, ...parentsOf(links, parents)] : [];
}

/** A VLAN's packet is seen on its parent too: as many as left rightly are its echo, what is more left there. */
function withoutEchoes(
  wrong: readonly Sighting[],
  right: readonly Sighting[],
  parents: readonly string[],
): Sighting[] {
  return wrong.filter((packet, i) => {
    if (!parents.includes(packet.link)) return true;
    const before = wrong.slice(0, i).filter((one) => isAlike(one, packet)).length;
    return before >= right.filter(({ protocol }) => protocol === packet.protocol).length;
  });
}

function isAlike(a: Sighting, b: Sighting): boolean {
  return a.link === b.link && a.protocol === b.protocol;
}

function nameWay({ link, toMac }: Sighting, neighbours: readonly Neighbour[]): string {
  if (!toMac) return link;
  const known = neighbours
    .filter(({ dev, lladdr }) => dev === link && lladdr === toMac)
    .map(({ dst }) => dst);
  return known.length > 0 ? `${link} to ${known.join(', ')} (${toMac})` : `${link} to ${toMac}`;
}

/** `eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75), eth1` */
export function waysOf(departures: readonly Departure[]): string {
  return unique(departures.map(({ by }) => by)).join(', ');
}
