/** tcpdump filter for an echo request that goes through a tunnel, and for what may become of it. */
import { type Address, familyOf } from '../../address/cidr.ts';
import { type Ends, encapsulationOf } from '../../host/ip/encapsulations.ts';

/** Options of GRE that another program's device may have, a header of IPv6 tunnels, and padding of WireGuard. */
export const moreHeaders = 16;

export interface Echo {
  readonly target: Address;
  /** bytes of the packet inside */
  readonly length: number;
}

/**
 * Traffic of containers does not match: packets outside are told by their length, or have other ends or another key.
 * @param local address of the tunnel's start, if known
 * @param known all tunnels of this host from that address, this one included
 */
export function tunnelFilter(
  tunnel: Ends,
  local: Address | undefined,
  echo: Echo,
  known: readonly Pick<Ends, 'remote' | 'key'>[],
): string {
  const field = fields[familyOf(tunnel.remote)];
  const { protocols, overhead } = encapsulationOf(tunnel);
  if (tunnel.wireguard) return wireguardFilter(tunnel, tunnel.wireguard.port, local, echo);
  const isOuter = either(protocols.map(field.protocol));
  const [from, to] = [echo.length + overhead, echo.length + overhead + moreHeaders];
  const toUs = local === undefined ? [] : [`dst host ${local}`];
  return either([
    both([`host ${tunnel.remote}`, isOuter, field.length(from, to)]),
    both([...toUs, isOuter, ...known.map((one) => `not ${isOf(one, protocols, field)}`)]),
    both([...toUs, field.isError]),
    both([`host ${echo.target}`, fields[familyOf(echo.target)].length(echo.length, echo.length)]),
  ]);
}

/** UDP payloads of a handshake: initiation, response, cookie */
const handshakeLengths = [148, 92, 64];

/** A device without a session sends the echo request only after a handshake. */
function wireguardFilter(tunnel: Ends, port: number, local: Address | undefined, echo: Echo): string {
  const field = fields[familyOf(tunnel.remote)];
  const header = familyOf(tunnel.remote) === 4 ? 28 : 48;
  const from = echo.length + encapsulationOf(tunnel).overhead;
  const lengths = [
    field.length(from, from + moreHeaders),
    ...handshakeLengths.map((length) => field.length(length + header, length + header)),
  ];
  return either([
    both([`host ${tunnel.remote}`, `udp port ${port}`, either(lengths)]),
    both([...(local === undefined ? [] : [`dst host ${local}`]), field.isError]),
    both([`host ${echo.target}`, fields[familyOf(echo.target)].length(echo.length, echo.length)]),
  ]);
}

interface Fields {
  readonly protocol: (number: number) => string;
  readonly length: (from: number, to: number) => string;
  /** ICMP errors */
  readonly isError: string;
  /** flags and key of GRE, in a packet without a checksum */
  readonly flags: string;
  readonly key: string;
}

/** pcap cannot name fields behind an IPv6 header: 58 is ICMPv6. */
const fields: Readonly<Record<4 | 6, Fields>> = {
  4: {
    protocol: (number) => `ip proto ${number}`,
    length: (from, to) => `(ip[2:2] >= ${from} and ip[2:2] <= ${to})`,
    isError: '(icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12)',
    flags: 'ip[20:2]',
    key: 'ip[24:4]',
  },
  6: {
    // A header for limits of nesting may come first.
    protocol: (number) => `(ip6[6] = ${number} or (ip6[6] = 60 and ip6[40] = ${number}))`,
    length: (from, to) => `(ip6[4:2] >= ${from - 40} and ip6[4:2] <= ${to - 40})`,
    isError: '(ip6[6] = 58 and ip6[40] >= 1 and ip6[40] <= 4)',
    flags: 'ip6[40:2]',
    key: 'ip6[44:4]',
  },
};

const gre = 47;
const hasKey = 0x2000;

function isOf(
  { remote, key }: Pick<Ends, 'remote' | 'key'>,
  protocols: readonly number[],
  field: Fields,
): string {
  const from = `src host ${remote}`;
  if (!protocols.includes(gre)) return both([from]);
  const flag = `${field.flags} & ${hasKey}`;
  return both(key === undefined ? [from, `${flag} = 0`] : [from, `${flag} != 0`, `${field.key} = ${key}`]);
}

function both(all: readonly string[]): string {
  return `(${all.join(' and ')})`;
}

function either(all: readonly string[]): string {
  return `(${all.join(' or ')})`;
}
