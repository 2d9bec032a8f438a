/** The packets of a probe: which of them is which, and what tells them from all others. */
import { randomInt } from 'node:crypto';
import type { Address } from '../../address/cidr.ts';
import type { TracedPacket } from '../../host/nft/trace.ts';
import type { Path, Protocol } from './path.ts';

/** `out`: from the container; `back`: the answer from the outside */
export type Direction = 'out' | 'back';

export interface Flow {
  readonly path: Path;
  readonly protocol: Protocol;
  readonly direction: Direction;
  /** the container's port */
  readonly port: number;
}

/** HTTPS, and of UDP HTTP/3: where somebody lets out a few ports, this is one of them. */
export const outsidePort = 443;

/** One for each path and protocol; each path has a port of its own. */
export function outwardFlows(paths: readonly Path[]): Flow[] {
  // Below the range that the kernel gives out by itself, above the services'.
  const first = randomInt(20_000, 30_000);
  return paths.flatMap((path, i) =>
    path.protocols.map((protocol) => ({ path, protocol, direction: 'out' as const, port: first + i })),
  );
}

/** What is sent: addresses and ports on the wire, where it comes into this host. */
export interface Shot {
  readonly protocol: Protocol;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

export function outwardShot({ path, protocol, port }: Flow): Shot {
  return {
    protocol,
    source: path.source,
    sourcePort: port,
    destination: path.target,
    destinationPort: outsidePort,
  };
}

/** @param left the packet as it left for the outside: with the address and port that NAT gave it */
export function answerShot({ path, protocol }: Flow, left: TracedPacket): Shot {
  return {
    protocol,
    source: path.target,
    sourcePort: outsidePort,
    destination: left.source,
    destinationPort: left.sourcePort ?? 0,
  };
}

/** Whether a packet, where it came in, is this one. */
export function isShot(packet: TracedPacket, shot: Shot): boolean {
  return (
    packet.protocol === shot.protocol &&
    packet.source === shot.source &&
    packet.sourcePort === shot.sourcePort &&
    packet.destination === shot.destination &&
    packet.destinationPort === shot.destinationPort
  );
}
