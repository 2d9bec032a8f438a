/** Sorts what the capture saw: packets inside and outside of the tunnel, errors about them, and packets of strangers. */
import { encapsulationOf } from '../../host/ip/encapsulations.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import { moreHeaders } from './capture-filter.ts';
import type { TunnelObservation } from './observation.ts';

const udp = 17;

export interface SortedPackets {
  /** echo requests that left by the tunnel device, and replies that came in by it */
  readonly inside: Ways;
  /** the same packets outside */
  readonly outside: Ways;
  /** ICMP errors about packets to the far end, except for those about an MTU */
  readonly errors: readonly CapturedPacket[];
  /** packets of the tunnel's protocol that the device does not take: another sender, or another key */
  readonly strangers: readonly CapturedPacket[];
}

interface Ways {
  readonly out: readonly CapturedPacket[];
  readonly in: readonly CapturedPacket[];
}

export function sortPackets({
  tunnel,
  path,
  packets,
  length,
}: Pick<TunnelObservation, 'tunnel' | 'path' | 'packets' | 'length'>): SortedPackets {
  const { device, remote, local = path.source, key, wireguard } = tunnel;
  const { protocols, overhead } = encapsulationOf(tunnel);
  const has = (direction: 'in' | 'out') => (packet: CapturedPacket) => packet.direction === direction;
  const inside = packets.filter(({ link, protocol }) => link === device && protocol === 'icmp');
  const isOuter = (protocol: CapturedPacket['protocol']): boolean =>
    protocols.some((number) => number === protocol || (number === udp && protocol === 'udp'));
  const outer = packets.filter(({ link, protocol }) => link !== device && isOuter(protocol));
  const isOurs = (packet: CapturedPacket): boolean => {
    if (wireguard) return [packet.sourcePort, packet.destinationPort].includes(wireguard.port);
    const more = packet.length - overhead - length;
    return packet.key === key && more >= 0 && more <= moreHeaders;
  };
  const toUs = outer.filter(
    ({ direction, destination }) => direction === 'in' && (local === undefined || destination === local),
  );
  return {
    inside: { out: inside.filter(has('out')), in: inside.filter(has('in')) },
    outside: {
      out: outer.filter(
        (packet) => packet.direction === 'out' && packet.destination === remote && isOurs(packet),
      ),
      in: toUs.filter((packet) => packet.source === remote && isOurs(packet)),
    },
    errors: packets.filter((packet) => packet.error?.about === remote && !isAboutMtu(packet)),
    strangers: toUs
      .filter(({ protocol }) => protocol !== 'udp')
      .filter(({ source, key: other }) => source !== remote || other !== key),
  };
}

/** ICMP: fragmentation needed; ICMPv6: packet too big */
function isAboutMtu({ icmpType, error, destination }: CapturedPacket): boolean {
  return destination.includes(':') ? icmpType === 2 : icmpType === 3 && error?.code === 4;
}
