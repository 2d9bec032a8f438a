/**
 * Probe: a UDP datagram, a TCP SYN and an ICMP echo request from one address to another, made so that a capture can
 * tell them from other packets even after NAT has changed their source.
 */
import { randomInt } from 'node:crypto';
import { type Address, type Family, familyOf } from '../../address/cidr.ts';
import type { Packet } from '../../host/capture/packet.ts';
import type { Target } from '../target.ts';

/** milliseconds; undefined without a reply; `missing` when ping is not installed */
export type PingReply = number | undefined | 'missing';

const protocols = ['udp', 'tcp', 'icmp'] as const;
export type Protocol = (typeof protocols)[number];

/** ICMP needs ping, which a host may not have. */
export function sentProtocols(ping: PingReply): Protocol[] {
  return protocols.filter((protocol) => protocol !== 'icmp' || ping !== 'missing');
}

export interface Probe {
  readonly source: Address;
  readonly target: Address;
  /** destination ports */
  readonly udpPort: number;
  readonly tcpPort: number;
  /** source port for UDP and TCP */
  readonly localPort: number;
  /** payload size of the UDP datagram and of the echo request, in bytes: identifies these two */
  readonly size: number;
}

/** Default ports: traceroute's, to which the reply is `unreachable`, and HTTPS. */
const usualPorts = { udp: 33_434, tcp: 443 };

const icmpEchoRequest: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
/** length of the UDP header, and of the ICMP header */
const headerLength = 8;
const ipHeaderLength: Readonly<Record<Family, number>> = { 4: 20, 6: 40 };

/** Makes one probe for each target, with unique ports and sizes. */
export function makeProbes(source: Address, targets: readonly Target[]): Probe[] {
  // Below the kernel's range of ephemeral ports, above the ports of services.
  const firstPort = randomInt(20_000, 30_000);
  // Enough values to keep two verifications apart, and well below every MTU.
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

/** tcpdump filter that matches these probes with any source address. */
export function captureFilter(probes: readonly Probe[]): string {
  return probes
    .map(({ target, localPort, size }) => {
      const sized = lengthMatch[familyOf(target)](size + headerLength);
      return `(dst host ${target} and (tcp src port ${localPort} or ${sized}))`;
    })
    .join(' or ');
}

/**
 * Matches the UDP datagram and the echo request by length without the IP header. pcap cannot name fields behind an IPv6
 * header: 17 and 58 are UDP and ICMPv6, 128 is the echo request.
 */
const lengthMatch: Readonly<Record<Family, (length: number) => string>> = {
  4: (length) =>
    `udp[4:2] = ${length} or (icmp[icmptype] = icmp-echo and ip[2:2] = ${length + ipHeaderLength[4]})`,
  6: (length) => `(ip6[4:2] = ${length} and (ip6[6] = 17 or (ip6[6] = 58 and ip6[40] = 128)))`,
};

/** Whether a captured packet belongs to the probe. */
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
