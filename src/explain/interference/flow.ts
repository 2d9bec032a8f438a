/** Flows of a probe, and the addresses and ports that identify their packets. */
import { randomInt } from 'node:crypto';
import type { Address } from '../../address/cidr.ts';
import type { TracedPacket } from '../../host/nft/trace.ts';
import type { Path, Protocol } from './path.ts';

/** `out`: from the container; `back`: the reply from outside */
export type Direction = 'out' | 'back';

export interface Flow {
  readonly path: Path;
  readonly protocol: Protocol;
  readonly direction: Direction;
  /** port of the container */
  readonly port: number;
}

/** Port of HTTPS and HTTP/3, which even restrictive firewalls usually allow. */
export const remotePort = 443;

/** Returns one flow for each path and protocol; each path has a port of its own. */
export function outwardFlows(paths: readonly Path[]): Flow[] {
  // Below the kernel's range of ephemeral ports, above the ports of services.
  const first = randomInt(20_000, 30_000);
  return paths.flatMap((path, i) =>
    path.protocols.map((protocol) => ({ path, protocol, direction: 'out' as const, port: first + i })),
  );
}

/** Packet to send: its addresses and ports where it comes into this host. */
export interface ProbePacket {
  readonly protocol: Protocol;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

export function outwardPacket({ path, protocol, port }: Flow): ProbePacket {
  return {
    protocol,
    source: path.source,
    sourcePort: port,
    destination: path.target,
    destinationPort: remotePort,
  };
}

/** @param left the packet as it left for the outside, with address and port after NAT */
export function replyPacket({ path, protocol }: Flow, left: TracedPacket): ProbePacket {
  return {
    protocol,
    source: path.target,
    sourcePort: remotePort,
    destination: left.source,
    destinationPort: left.sourcePort ?? 0,
  };
}

/** Whether a packet, as it came in, is this one. */
export function isProbePacket(packet: TracedPacket, probePacket: ProbePacket): boolean {
  return (
    packet.protocol === probePacket.protocol &&
    packet.source === probePacket.source &&
    packet.sourcePort === probePacket.sourcePort &&
    packet.destination === probePacket.destination &&
    packet.destinationPort === probePacket.destinationPort
  );
}
