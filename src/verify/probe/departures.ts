/** Packets of a probe that left this host, by an expected egress or by another. */
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { CapturedPacket } from './captures.ts';
import type { Observation } from './observation.ts';
import { unique } from '../judge/verdict.ts';
import type { Egress } from '../judge/egress.ts';

export interface Departure {
  readonly packet: CapturedPacket;
  /** text for the report: `eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75)` */
  readonly by: string;
}

export interface Departures {
  readonly right: readonly Departure[];
  readonly wrong: readonly Departure[];
  /** links of the expected egress, with their bridge ports and parents, where the same packets are seen again */
  readonly rightLinks: readonly string[];
}

export function sortDepartures(
  packets: readonly CapturedPacket[],
  egresses: readonly Egress[],
  { links, neighbours }: Pick<Observation, 'links' | 'neighbours'>,
): Departures {
  const egressLinks = egresses.map(({ link }) => link);
  const ports = links.filter(({ master }) => master && egressLinks.includes(master)).map(({ name }) => name);
  const left = packets.filter(({ direction, link }) => direction === 'out' && !ports.includes(link));
  const right = left.filter((packet) => egresses.some((egress) => leavesBy(packet, egress, neighbours)));
  const parents = parentsOf(links, egressLinks);
  const others = left.filter((packet) => !right.includes(packet));
  const wrong = withoutParentCopies(others, right, parents);
  const name = (packet: CapturedPacket): Departure => ({ packet, by: egressText(packet, neighbours) });
  return {
    right: right.map(name),
    wrong: wrong.map(name),
    rightLinks: [...egressLinks, ...ports, ...parents],
  };
}

function leavesBy(
  { link, toMac }: CapturedPacket,
  egress: Egress,
  neighbours: readonly Neighbour[],
): boolean {
  if (link !== egress.link) return false;
  if (egress.nextHop === undefined) return true;
  return neighbours.some(
    ({ dst, dev, lladdr }) => dst === egress.nextHop && dev === link && lladdr === toMac,
  );
}

function parentsOf(links: readonly Link[], names: readonly string[]): string[] {
  const parents = links.filter(({ name }) => names.includes(name)).flatMap(({ parent }) => parent ?? []);
  return parents.length > 0 ? [...parents, ...parentsOf(links, parents)] : [];
}

/** Removes copies of VLAN packets on the parent link, one for each packet that left correctly; any more are leaks. */
function withoutParentCopies(
  wrong: readonly CapturedPacket[],
  right: readonly CapturedPacket[],
  parents: readonly string[],
): CapturedPacket[] {
  return wrong.filter((packet, i) => {
    if (!parents.includes(packet.link)) return true;
    const { link, protocol } = packet;
    const before = wrong.slice(0, i).filter((one) => one.link === link && one.protocol === protocol);
    return before.length >= right.filter((one) => one.protocol === protocol).length;
  });
}

function egressText({ link, toMac }: CapturedPacket, neighbours: readonly Neighbour[]): string {
  if (!toMac) return link;
  const known = neighbours
    .filter(({ dev, lladdr }) => dev === link && lladdr === toMac)
    .map(({ dst }) => dst);
  return known.length > 0 ? `${link} to ${known.join(', ')} (${toMac})` : `${link} to ${toMac}`;
}

/** `eth0 to 192.168.50.2 (46:5b:c9:e1:d8:75), eth1` */
export function egressList(departures: readonly Departure[]): string {
  return unique(departures.map(({ by }) => by)).join(', ');
}
