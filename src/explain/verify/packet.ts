/** One line of `tcpdump -t -n -q`, with `-e` on one link, or without it on all links. */
import type { Address } from '../../address/cidr.ts';
import type { Protocol } from './probe.ts';

export interface Packet {
  /** the link where it was seen */
  readonly link: string;
  /** `out`: it left this host there */
  readonly direction: 'in' | 'out';
  /** link-layer address that it was sent to, where the capture tells it */
  readonly toMac?: string;
  readonly protocol: Protocol;
  readonly source: Address;
  readonly sourcePort?: number;
  readonly destination: Address;
  readonly destinationPort?: number;
  /** payload of UDP and TCP, header and payload of ICMP, in bytes */
  readonly length: number;
}

/** `10.89.4.5.20001 > 192.0.2.1.443: tcp 0`; a port is a fifth number */
const ipv4 = /(\d+(?:\.\d+){3})(?:\.(\d+))? > (\d+(?:\.\d+){3})(?:\.(\d+))?: (.*)$/;
const icmpEcho = /^ICMP echo request,.* length (\d+)/;
const udp = /^UDP, length (\d+)/;
const tcp = /^tcp (\d+)/;

/** Decodes a line of a capture on all links: `eth0  Out IP 10.89.4.5 > ...`. */
export function decodeAnyLine(line: string): Packet | undefined {
  const [, link, direction] = /^(\S+)\s+(\S+) +/.exec(line) ?? [];
  const content = decodeContent(line);
  if (!link || !direction || !content) return undefined;
  return { link, direction: direction === 'Out' ? 'out' : 'in', ...content };
}

/** Decodes a line of a capture of what leaves by one link: `7a:.. > 46:.., IPv4, length 142: 10.89...`. */
export function decodeLinkLine(line: string, link: string): Packet | undefined {
  const [, toMac] = /^[0-9a-f:]{17} > ([0-9a-f:]{17}),/.exec(line) ?? [];
  const content = decodeContent(line);
  if (!content) return undefined;
  return { link, direction: 'out', ...(toMac ? { toMac } : {}), ...content };
}

type Content = Omit<Packet, 'link' | 'direction' | 'toMac'>;

function decodeContent(line: string): Content | undefined {
  const [, source, sourcePort, destination, destinationPort, rest = ''] = ipv4.exec(line) ?? [];
  const payload = decodePayload(rest);
  if (!source || !destination || !payload) return undefined;
  return {
    ...payload,
    source,
    destination,
    ...(sourcePort ? { sourcePort: Number(sourcePort) } : {}),
    ...(destinationPort ? { destinationPort: Number(destinationPort) } : {}),
  };
}

function decodePayload(text: string): Pick<Content, 'protocol' | 'length'> | undefined {
  for (const [protocol, pattern] of [
    ['icmp', icmpEcho],
    ['udp', udp],
    ['tcp', tcp],
  ] as const) {
    const length = pattern.exec(text)?.[1];
    if (length !== undefined) return { protocol, length: Number(length) };
  }
  return undefined;
}
