/** BFD that does not come up beside a session that is up: then only the timers of the session notice a dead neighbour. */
import type { Address } from '../../address/cidr.ts';
import type { Fault, SessionView } from './view.ts';

/**
 * @param address of a neighbour whose session is up
 * @param elsewhere another session of this host has BFD with it
 */
export function bfdFault(
  { settings, packets, bfd, watched }: SessionView,
  address: Address,
  elsewhere: boolean,
): Fault | undefined {
  if (!packets) return undefined;
  const heard = packets.filter(
    ({ direction, source, message }) => direction === 'in' && source === address && message.kind === 'bfd',
  );
  const { [address]: state = 'not there' } = bfd;
  if (settings.bfd) {
    if (state === 'Up') return undefined;
    return heard.length > 0 ? notAgreed(state) : notThere(state, refused(packets, address), watched);
  }
  const up = heard.some(({ message }) => message.kind === 'bfd' && message.state === 'Up');
  // Another daemon of this host may speak BFD with it.
  if (heard.length === 0 || up || elsewhere) return undefined;
  return {
    cause: 'it sends BFD packets, and the file has no `bfd:` for it',
    remedy: 'write `bfd: {}`, with the times of the other side, or switch BFD off there',
  };
}

function refused(packets: NonNullable<SessionView['packets']>, address: Address): boolean {
  return packets.some(
    ({ message }) => message.kind === 'error' && message.protocol === 'udp' && message.to === address,
  );
}

function notThere(state: string, closed: boolean, watched: number): Fault {
  const how = closed ? 'it answers UDP port 3784 with ICMP' : `it sent no BFD packet within ${watched} s`;
  return {
    cause: `BFD is ${state}: ${how}`,
    remedy:
      'switch BFD on for this neighbour there, or leave `bfd:` out; until then only the hold time, or `dead:`, notices a dead neighbour',
  };
}

function notAgreed(state: string): Fault {
  return {
    cause: `BFD is ${state}, though BFD packets come in`,
    remedy:
      'look at BFD of this neighbour there: it must be single-hop, without authentication; and at packet filters, which must allow UDP port 3784',
  };
}
