/**
 * One probe: a UDP datagram, a TCP SYN and an ICMP echo request from one address to another, made so that a
 * capture tells them from everybody else's, also after a NAT has changed the source.
 */
import { randomInt } from 'node:crypto';
import { type Address, type Family, familyOf } from '../../address/cidr.ts';
import type { Packet } from '../../host/capture/packet.ts';
import type { Target } from '../target.ts';

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

const icmpEchoRequest: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
/** of UDP and of ICMP alike */
const headerLength = 8;
const ipHeaderLength: Readonly<Record<Family, number>> = { 4: 20, 6: 40 };

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
    .map(({ target, localPort, size }) => {
      const sized = marks[familyOf(target)](size + headerLength);
      return `(dst host ${target} and (tcp src port ${localPort} or ${sized}))`;
    })
    .join(' or ');
}

/**
 * The datagram and the echo request, known by their length without the IP header. pcap reads nothing behind an
 * IPv6 header by name: 17 and 58 are UDP and ICMP, 128 the request.
 */
const marks: Readonly<Record<Family, (length: number) => string>> = {
  4: (length) =>
    `udp[4:2] = ${length} or (icmp[icmptype] = icmp-echo and ip[2:2] = ${length + ipHeaderLength[4]})`,
  6: (length) => `(ip6[4:2] = ${length} and (ip6[6] = 17 or (ip6[6] = 58 and ip6[40] = 128)))`,
};

/** Whether a captured packet is one of the probe's. */
export function isOfProbe(packet: Packet, probe: Probe): boolean {
  if (packet.destination !== probe.target) return false;
  const family = familyOf(probe.target);
  const length = probe.size + headerLength + ipHeaderLength[family];
  switch (packet.protocol) {
    case 'udp':
      return packet.destinationPort === probe.udpPort && packet.length === length;
    case 'tcp':
      return packet.destinationPort === probe.tcpPort && packet.sourcePort === probe.localPort;
    case 'icmp':
      return packet.icmpType === icmpEchoRequest[family] && packet.length === length;
    default:
      return false;
  }
}
