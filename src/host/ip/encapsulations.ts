/** Kinds of tunnel devices with one far end whose address is known, and what their packets look like outside. */
import { type Address, familyOf } from '../../address/cidr.ts';

export interface Encapsulation {
  /** what a packet outside is called in messages */
  readonly name: 'GRE' | 'IP-in-IP' | 'WireGuard';
  /** IP protocol numbers of the packets outside */
  readonly protocols: readonly number[];
  /** bytes of the headers outside */
  readonly overhead: number;
}

/** kind in `ip -d link` -> its packets; WireGuard over IPv4 */
const encapsulations = {
  gre: { name: 'GRE', protocols: [47], overhead: 24 },
  ip6gre: { name: 'GRE', protocols: [47], overhead: 44 },
  ipip: { name: 'IP-in-IP', protocols: [4], overhead: 20 },
  sit: { name: 'IP-in-IP', protocols: [4, 41], overhead: 20 },
  ip6tnl: { name: 'IP-in-IP', protocols: [4, 41], overhead: 40 },
  wireguard: { name: 'WireGuard', protocols: [17], overhead: 60 },
} as const satisfies Readonly<Record<string, Encapsulation>>;

export type TunnelKind = keyof typeof encapsulations;
export const tunnelKinds = Object.keys(encapsulations) as TunnelKind[];

/** Kind and ends of a tunnel. */
export interface Ends {
  readonly kind: TunnelKind;
  /** absent: the kernel chooses */
  readonly local?: Address;
  readonly remote: Address;
  /** of GRE */
  readonly key?: number;
  readonly wireguard?: WireguardState;
}

export interface WireguardState {
  /** UDP port of the far end */
  readonly port: number;
  /** absent: the device has no key */
  readonly publicKey?: string;
  /** seconds since 1970; absent: none yet */
  readonly handshake?: number;
}

/** Bytes of a key of GRE, and by which a header of IPv6 is longer than one of IPv4. */
const [keyLength, longerHeader] = [4, 20];

export function encapsulationOf({ kind, key, remote }: Pick<Ends, 'kind' | 'key' | 'remote'>): Encapsulation {
  const found = encapsulations[kind];
  const isLonger = kind === 'wireguard' && familyOf(remote) === 6;
  return {
    ...found,
    overhead: found.overhead + (key === undefined ? 0 : keyLength) + (isLonger ? longerHeader : 0),
  };
}

/** Packets that a firewall must let pass: `protocol 47`, `protocol 4 and 41`, `UDP port 51820`. */
export function protocolText(ends: Ends): string {
  return ends.wireguard
    ? `UDP port ${ends.wireguard.port}`
    : `protocol ${encapsulationOf(ends).protocols.join(' and ')}`;
}
