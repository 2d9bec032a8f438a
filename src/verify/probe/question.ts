/** A DNS query for a unique name, so that no cache answers it and a capture recognises it. */
import { randomInt } from 'node:crypto';

export interface Question {
  /** `12345678901.example.com`: example.com is kept for such things (RFC 2606), and it has no such name */
  readonly name: string;
  /** the DNS message */
  readonly message: Buffer;
}

/** Eleven digits, and before them their number: three words of a packet. Whoever passes it on may not change its case. */
const labelLength = 11;
const headerLength = 12;

export function makeQuestion(number = randomInt(2 ** 47)): Question {
  const label = String(number).padStart(labelLength, '0').slice(-labelLength);
  const labels = [label, 'example', 'com'];
  // One question, and whoever gets it is to ask others.
  const header = Buffer.from([number & 255, (number >> 8) & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const name = labels.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]));
  // An address (A) of the internet (IN).
  return { name: labels.join('.'), message: Buffer.concat([header, ...name, Buffer.from([0, 0, 1, 0, 1])]) };
}

/** A filter for tcpdump that finds it on its way to a name server, whoever sends it. */
export function questionFilter({ message }: Question): string {
  const words = [0, 4, 8].map((at) => `0x${message.readUInt32BE(headerLength + at).toString(16)}`);
  const found = (base: string, start: number): string =>
    words.map((word, i) => `${base}[${start + headerLength + 4 * i}:4] = ${word}`).join(' and ');
  // pcap reads nothing behind an IPv6 header by name: 17 is UDP.
  return `(udp dst port 53 and ${found('udp', 8)}) or (ip6[6] = 17 and ip6[42:2] = 53 and ${found('ip6', 48)})`;
}
