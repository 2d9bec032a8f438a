/** BGP session between a node and a member, in one family, over addresses of that family. */
import type { Address, Family } from '../../address/cidr.ts';
import type { Bfd, BgpRouting } from '../../spec/spec.ts';
import { block, inner } from './block.ts';

/** For private use (RFC 6996). Nodes and members are one AS: a node hands on nothing that it hears. */
export const privateAs = 4_200_000_136;

/** GRACEFUL_SHUTDOWN (RFC 8326): a route that is to be used only while there is no other */
export const shutdownCommunity = '(65535, 0)';

export interface Session {
  readonly name: string;
  readonly family: Family;
  readonly local: Address;
  readonly peer: Address;
  readonly description: string;
  readonly routing: BgpRouting;
  /** other statements */
  readonly more?: readonly string[];
  /** statements of its channel: table, filters, limits */
  readonly channel: readonly string[];
}

/**
 * `direct` and the TTL check: the peer is a neighbour, and no packet of another link or of a container is accepted.
 * `strict bind`: another daemon of the host may listen on other addresses.
 */
export function sessionBlock({
  name,
  family,
  local,
  peer,
  description,
  routing,
  more = [],
  channel,
}: Session): string {
  const { port, bfd } = routing;
  return block(`protocol bgp ${name}`, [
    `description "${description}";`,
    `local ${local} port ${port} as ${privateAs};`,
    `neighbor ${peer} port ${port} as ${privateAs};`,
    'direct;',
    'strict bind yes;',
    'ttl security yes;',
    ...timerLines,
    ...more,
    ...(bfd ? inner('bfd', bfdLines(bfd)) : []),
    ...inner(`ipv${family}`, channel),
  ]);
}

/** Timers of every session; nothing is kept after the peer is gone. Times in seconds. */
export const timerLines = [
  'graceful restart off;',
  'long lived graceful restart off;',
  'hold time 9;',
  'keepalive time 3;',
  'connect delay time 1;',
  'connect retry time 5;',
  'error wait time 1, 5;',
];

export function bfdLines({ interval, multiplier }: Bfd): string[] {
  return [`interval ${interval} ms;`, `multiplier ${multiplier};`];
}
