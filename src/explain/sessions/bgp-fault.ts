/** Why a BGP session is not up: what BIRD says, what the neighbour's packets say, and what it does not answer. */
import type { BgpMessage } from '../../host/capture/routing/bgp.ts';
import { passwordFault } from './bgp-password.ts';
import { ignoresConnections, acceptsWithoutOpen, unanswered } from './bgp-silence.ts';
import { type BgpView, accepts, theirOpen } from './bgp-view.ts';
import { type Fault, type Rule, deviceFault, firstFault, isOfFile } from './view.ts';

/** BIRD's last error may be of a fault that is mended: packets are better. */
function lastError({ packets, status }: Pick<BgpView, 'packets' | 'status'>): string {
  return packets ? '' : (status.error ?? '');
}

/** In the order in which a session comes up; the last ones need a neighbour that has said nothing. */
const rules: readonly Rule<BgpView>[] = [
  deviceFault,
  noAddress,
  refusedByIcmp,
  // A daemon that has refused a session closes its port for some seconds.
  openFault,
  ttlSecurity,
  endedByNotification,
  closedPort,
  closedAtOnce,
  passwordFault,
  acceptsWithoutOpen,
  ignoresConnections,
  unanswered,
];

export function bgpFault(view: BgpView): Fault | undefined {
  return firstFault(rules, view);
}

function noAddress({ local, address, link }: BgpView): Fault | undefined {
  if (local !== undefined) return undefined;
  return {
    cause: `${link?.name ?? 'this host'} has no address on the link of ${address}`,
    remedy: 'give it one, or correct `neighbor:`; then `mustredirect apply`',
  };
}

function refusedByIcmp({ packets = [], address, settings: { port }, local }: BgpView): Fault | undefined {
  for (const { source, message } of packets) {
    if (message.kind !== 'error' || message.protocol !== 'tcp') continue;
    if (message.to !== address || message.port !== port) continue;
    return {
      cause: `TCP port ${port} of ${address} is refused by ICMP from ${source}: ${message.error}`,
      remedy: `a packet filter does that: it must allow TCP port ${port} from ${local ?? 'this host'}`,
    };
  }
  return undefined;
}

function closedPort(view: BgpView): Fault | undefined {
  const { received, address, settings, session, reached } = view;
  const refused = received.some(
    ({ sourcePort, flags }) => sourcePort === settings.port && flags.includes('rst'),
  );
  // Linux answers a signed SYN to a closed port with nothing.
  const known =
    refused || reached.get(address)?.connection === 'refused' || /Connection refused/.test(lastError(view));
  if (!known || accepts(view)) return undefined;
  return {
    cause: `nothing listens on TCP port ${settings.port} of ${address}: it answers SYN with RST`,
    remedy: isOfFile(session)
      ? `run \`mustredirect apply\` there: the file must be the same, with \`port: ${settings.port}\``
      : 'start BGP there, or correct `neighbor:`',
  };
}

/** AS numbers and router ids: of the neighbour's OPEN, or of what BIRD says about it. */
function openFault(view: BgpView): Fault | undefined {
  const { settings, messages } = view;
  const open = theirOpen(view);
  const said = [...messages, lastError(view)].join('\n');
  const as = open?.as ?? Number(/Error: Bad peer AS: (\d+)/.exec(said)?.[1] ?? settings.peerAs);
  const causes = [
    ...(as === settings.peerAs
      ? []
      : [`it says that it is in AS ${as}, and the file has \`peer_as: ${settings.peerAs}\``]),
    ...(refusesAs(view)
      ? [`it refuses AS ${settings.as}, which is \`as:\` of the file (NOTIFICATION: Bad Peer AS)`]
      : []),
  ];
  if (causes.length > 0) return { cause: causes.join('; '), remedy: asRemedy(view) };
  const sameId = open?.id === settings.routerId && settings.as === settings.peerAs;
  if (!sameId && !/Bad BGP identifier/i.test(said)) return undefined;
  return {
    cause: `it has the router id ${open?.id ?? settings.routerId}, as this host has`,
    remedy:
      'two routers of one AS need different router ids: change that of the router, or the first address of this host below `hosts:`',
  };
}

function asRemedy({ session, settings, local }: BgpView): string {
  if (isOfFile(session))
    return 'run `mustredirect apply` there: a BIRD that it has configured has this AS number';
  return `\`peer_as:\` must be the AS number of the router, and the router must have AS ${settings.as} for ${local ?? 'this host'}`;
}

function refusesAs(view: BgpView): boolean {
  return (
    notifications(view).some(({ code, subcode }) => code === 2 && subcode === 2) ||
    [...view.messages, lastError(view)].some((text) => /Received: Bad peer AS/.test(text))
  );
}

function notifications({ received }: BgpView): Extract<BgpMessage, { type: 'notification' }>[] {
  return received.flatMap(({ bgp }) => bgp).filter((one) => one.type === 'notification');
}

/** The neighbour says itself why it ends the session. */
function endedByNotification(view: BgpView): Fault | undefined {
  const text =
    notifications(view)[0]?.text ??
    /^Received: (.+)/m.exec([...view.messages, lastError(view)].join('\n'))?.[1];
  if (text === undefined) return undefined;
  return {
    cause: `it ends the session with the NOTIFICATION "${text}"`,
    remedy: isOfFile(view.session)
      ? 'run `mustredirect doctor` there'
      : `look at the neighbour ${view.local ?? ''} in the configuration of the router`,
  };
}

/** Segments that the kernel sends by itself, such as SYN-ACK and RST, may have another TTL than those of the daemon. */
export function ttlSecurity({ received, settings, session }: BgpView): Fault | undefined {
  const own = received.filter(({ flags, bgp }) => bgp.length > 0 || flags.join() === 'syn');
  const ttls = new Set(own.map(({ ttl }) => ttl));
  if (settings.ttlSecurity) {
    const other = [...ttls].find((ttl) => ttl !== 255);
    if (other === undefined) return undefined;
    return {
      cause: `its packets have TTL ${other}, and are dropped: sessions between hosts of the file need 255`,
      remedy:
        'run `mustredirect apply` there; another daemon needs TTL security (in FRR, `ttl-security hops 1`)',
    };
  }
  if (!ttls.has(255) || ttls.size > 1 || isOfFile(session) || settings.as === settings.peerAs)
    return undefined;
  return {
    cause:
      'its packets have TTL 255: it seems to use TTL security, and drops packets of this host, which have TTL 1',
    remedy:
      'switch TTL security off for this neighbour on the router (in FRR, `no neighbor ... ttl-security`)',
  };
}

function closedAtOnce(view: BgpView): Fault | undefined {
  const { received, settings, local } = view;
  const closed = received.some(
    ({ sourcePort, flags }) =>
      sourcePort === settings.port && (flags.includes('rst') || flags.includes('fin')),
  );
  if (!(closed && accepts(view)) && !/reset by peer|Connection closed/.test(lastError(view)))
    return undefined;
  if (theirOpen(view)) return undefined;
  return {
    cause: 'it accepts the TCP connection, and closes it before it has said anything',
    remedy: isOfFile(view.session)
      ? 'run `mustredirect apply` there: this host must be in its file'
      : `it does not know ${local ?? 'this host'} as a neighbour, or the session is shut down there: look at its configuration`,
  };
}
