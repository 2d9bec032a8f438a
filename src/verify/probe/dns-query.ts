/** DNS query for a unique name, which no cache can answer and a capture can recognise. */
import { randomInt } from 'node:crypto';

export interface DnsQuery {
  /** `12345678901.example.com`: RFC 2606 reserves example.com, which has no such name */
  readonly name: string;
  /** DNS message */
  readonly message: Buffer;
}

/** Length byte and eleven digits: three words of a packet. Digits keep their form when a forwarder changes case. */
const labelLength = 11;
const headerLength = 12;

export function makeQuery(number = randomInt(2 ** 47)): DnsQuery {
  const label = String(number).padStart(labelLength, '0').slice(-labelLength);
  const labels = [label, 'example', 'com'];
  // One query, with recursion desired.
  const header = Buffer.from([number & 255, (number >> 8) & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const name = labels.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]));
  // Type A, class IN.
  return { name: labels.join('.'), message: Buffer.concat([header, ...name, Buffer.from([0, 0, 1, 0, 1])]) };
}

/** tcpdump filter that matches the query on its way to a name server, from any sender. */
export function queryFilter({ message }: DnsQuery): string {
  const words = [0, 4, 8].map((at) => `0x${message.readUInt32BE(headerLength + at).toString(16)}`);
  const found = (base: string, start: number): string =>
    words.map((word, i) => `${base}[${start + headerLength + 4 * i}:4] = ${word}`).join(' and ');
  // pcap cannot name fields behind an IPv6 header: 17 is UDP.
  return `(udp dst port 53 and ${found('udp', 8)}) or (ip6[6] = 17 and ip6[42:2] = 53 and ${found('ip6', 48)})`;
}
