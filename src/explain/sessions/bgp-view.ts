/** A BGP session, with the TCP segments of both sides. */
import type { Address } from '../../address/cidr.ts';
import { addressOf } from '../../desired/addresses.ts';
import type { BgpSettings } from '../../desired/bird/session-settings.ts';
import { uplinkAddress } from '../../desired/bird/upstream.ts';
import type { RoutingPacket } from '../../host/capture/routing/routing-packet.ts';
import type { BgpMessage } from '../../host/capture/routing/bgp.ts';
import type { TcpFlag, TcpMessage } from '../../host/capture/routing/tcp.ts';
import type { SessionView } from './view.ts';

export interface BgpView extends SessionView<BgpSettings> {
  readonly address: Address;
  /** own address on the link of the neighbour */
  readonly local?: Address;
  /** TCP segments that the neighbour has sent to this host, or this host to the neighbour */
  readonly received: readonly Segment[];
  readonly sent: readonly Segment[];
}

export interface Segment extends TcpMessage {
  readonly ttl: number;
}

export function bgpView(view: SessionView<BgpSettings>, address: Address): BgpView {
  const { packets = [], link, settings } = view;
  const all = packets.flatMap((packet) => segmentsOf(packet, address));
  const own =
    'address' in settings.link ? settings.link.address : uplinkAddress(address, link?.addresses ?? []);
  return {
    ...view,
    address,
    ...(own === undefined ? {} : { local: addressOf(own) }),
    received: all.filter(({ direction }) => direction === 'in').map(({ segment }) => segment),
    sent: all.filter(({ direction }) => direction === 'out').map(({ segment }) => segment),
  };
}

function segmentsOf({ direction, source, destination, ttl, message }: RoutingPacket, address: Address) {
  const of = direction === 'in' ? source : destination;
  return message.kind === 'tcp' && of === address ? [{ direction, segment: { ...message, ttl } }] : [];
}

export function accepts({ received, settings }: Pick<BgpView, 'received' | 'settings'>): boolean {
  return received.some(({ sourcePort, flags }) => sourcePort === settings.port && has(flags, 'syn', 'ack'));
}

function has(flags: readonly TcpFlag[], ...wanted: readonly TcpFlag[]): boolean {
  return wanted.every((flag) => flags.includes(flag));
}

export function theirOpen({ received }: BgpView): Extract<BgpMessage, { type: 'open' }> | undefined {
  return received.flatMap(({ bgp }) => bgp).find((one) => one.type === 'open');
}
