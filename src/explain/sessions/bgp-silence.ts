/** A BGP neighbour that says nothing: what it does not answer tells how far packets come. */
import { familyOf } from '../../address/cidr.ts';
import { type BgpView, accepts, theirOpen } from './bgp-view.ts';
import { type Fault, isOfFile } from './view.ts';

export function acceptsWithoutOpen(view: BgpView): Fault | undefined {
  // BIRD has sent its OPEN, which may be long ago.
  const connected = accepts(view) || view.status.state === 'OpenSent';
  const expired = view.messages.some((text) => text.startsWith('Error: Hold timer expired'));
  if (theirOpen(view) || (!connected && !expired)) return undefined;
  return {
    cause: expired
      ? 'it has said nothing for the hold time'
      : 'it accepts the TCP connection, and says nothing',
    remedy:
      'its BGP daemon stands still, or packets of more than a few bytes do not arrive: look at it, and at the MTU of the link',
  };
}

/** It opens connections itself, and its other segments never come. */
export function ignoresConnections({
  received,
  sent,
  address,
  settings: { port },
  local,
}: BgpView): Fault | undefined {
  if (sent.length === 0 || received.length === 0) return undefined;
  if (!received.every(({ flags }) => flags.join() === 'syn')) return undefined;
  return {
    cause: `${address} opens connections, and does not answer those of this host to its TCP port ${port}`,
    remedy: `a packet filter there drops them: it must allow TCP port ${port} from ${local ?? 'this host'}`,
  };
}

export function unanswered({
  packets,
  sent,
  received,
  address,
  settings,
  session,
  reached,
  local,
}: BgpView): Fault | undefined {
  const reach = reached.get(address);
  if (!packets || !reach || received.length > 0) return undefined;
  if (!reach.resolved)
    return {
      cause: `${address} does not exist on the link: it answers no ${familyOf(address) === 4 ? 'ARP' : 'neighbour discovery'}`,
      remedy: isOfFile(session)
        ? 'look at the host, its link, and its address below `hosts:`'
        : 'look at the router, at its link and address, and at `neighbor:`',
    };
  const what = `TCP port ${settings.port}`;
  if (!reach.ping)
    return {
      cause: `${address} answers neither ${what} nor ping`,
      remedy: `look at ${address}: at its link, and at packet filters, which must allow ${what} from ${local ?? 'this host'}`,
    };
  if (sent.length === 0) return undefined;
  return {
    cause: `${address} answers ping, and does not answer ${what}`,
    remedy: isOfFile(session)
      ? `a packet filter there drops it: it must allow ${what} from ${local ?? 'this host'}`
      : `a packet filter there drops it, or it wants a password: allow ${what} from ${local ?? 'this host'}, and compare \`password_file:\``,
  };
}
