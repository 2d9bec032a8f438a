/**
 * One probe: a UDP datagram, a TCP SYN and an ICMP echo request from one address to another, made so that a
 * capture tells them from everybody else's, also after a NAT has changed the source.
 */
import { randomInt } from 'node:crypto';
import type { Address } from '../../address/cidr.ts';
import type { Packet } from '../../host/packet.ts';
import type { Target } from './target.ts';

/** milliseconds, nothing when no answer came; `missing` when there is no program to send it */
export type PingAnswer = number | undefined | 'missing';

const protocols = ['udp', 'tcp', 'icmp'] as const;
export type Protocol = (typeof protocols)[number];

/** ICMP needs a program that a host may not have. */
export function sentProtocols(ping: PingAnswer): Protocol[] {
  return protocols.filter((protocol) => protocol !== 'icmp' || ping !== 'missing');
}

export interface Probe {
  readonly source: Address;
  readonly target: Address;
  /** destination ports */
  readonly udpPort: number;
  readonly tcpPort: number;
  /** source port of both */
  readonly localPort: number;
  /** payload of the datagram and of the echo request, in bytes: the mark of those two */
  readonly size: number;
}

/** Without a port of the user's: traceroute's, where an answer means `unreachable`, and HTTPS. */
const usualPorts = { udp: 33_434, tcp: 443 };

const icmpEchoRequest = 8;
const udpHeader = 8;
/** of IP, and of UDP or ICMP: both have 8 bytes */
const headers = 20 + 8;

/** One probe for each target, with ports and sizes that nothing else has. */
export function makeProbes(source: Address, targets: readonly Target[]): Probe[] {
  // Below the range that the kernel gives out by itself, above the services'.
  const firstPort = randomInt(20_000, 30_000);
  // Enough values that two verifications do not meet, and well below every MTU.
  const firstSize = randomInt(100, 1000);
  return targets.map(({ address, port }, i) => ({
    source,
    target: address,
    udpPort: port ?? usualPorts.udp,
    tcpPort: port ?? usualPorts.tcp,
    localPort: firstPort + i,
    size: firstSize + (i % 100),
  }));
}

/** A filter for tcpdump that matches these probes with any source address. */
export function captureFilter(probes: readonly Probe[]): string {
  return probes
    .map(
      ({ target, localPort, size }) =>
        `(dst host ${target} and (tcp src port ${localPort} or udp[4:2] = ${size + udpHeader}` +
        ` or (icmp[icmptype] = icmp-echo and ip[2:2] = ${size + headers})))`,
    )
    .join(' or ');
}

/** Whether a captured packet is one of the probe's. */
export function isOfProbe(packet: Packet, probe: Probe): boolean {
  if (packet.destination !== probe.target) return false;
  switch (packet.protocol) {
    case 'udp':
      return packet.destinationPort === probe.udpPort && packet.length === probe.size + headers;
    case 'tcp':
      return packet.destinationPort === probe.tcpPort && packet.sourcePort === probe.localPort;
    case 'icmp':
      return packet.icmpType === icmpEchoRequest && packet.length === probe.size + headers;
    default:
      return false;
  }
}
