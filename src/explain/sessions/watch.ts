/** Watches the packets of sessions for some seconds: they tell what the neighbours have, and what they refuse. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Family, families } from '../../address/cidr.ts';
import { ofFamily } from '../../desired/addresses.ts';
import type { ExpectedSession } from '../../desired/bird/expected-sessions.ts';
import { lanLink } from '../../desired/bird/lan-ospf.ts';
import { linkNamed } from '../../desired/routing/neighbours.ts';
import { type RoutingState, readLog } from '../../host/bird/sessions.ts';
import { type Capture, startCaptureOf } from '../../host/capture/capture.ts';
import { type RoutingPacket, decodeRoutingPacket } from '../../host/capture/routing/routing-packet.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import { MustredirectError } from '../../error.ts';
import { isInterruption } from '../../host/process/interrupt.ts';
import { isAdjacent, statusOf } from './session-status.ts';

export interface Watched {
  /** absent: there is no capture */
  readonly packets?: readonly RoutingPacket[];
  /** why there is none */
  readonly problem?: string;
  readonly seconds: number;
  /** BIRD's log before and after */
  readonly log: { readonly before: string; readonly after: string };
}

const poll = 200;
/** milliseconds: a BFD session that is not up sends at least one packet in this time (RFC 5880, 6.8.3) */
const calm = 1200;
/** BIRD tries BGP again after 5 s at most, in which a daemon on the other side has answered */
const bgpPatience = 8000;
/** a daemon that has refused a session closes its port, for 5 s if it is BIRD */
const closedPatience = 6000;
/** the usual hello interval is 10 s */
const ospfPatience = 11_000;
/** a neighbour in ExStart repeats its database description after 5 s */
const stuckPatience = 6000;
/** a neighbour that brings no default sends at least KEEPALIVE every 3 s */
const keepalivePatience = 4000;
/** BFD that has just begun */
const bfdPatience = 3000;

export async function watchSessions(
  live: LiveHost,
  sessions: readonly ExpectedSession[],
  state: RoutingState,
  facts: Pick<Facts, 'links'>,
): Promise<Watched> {
  const before = await readLog(live);
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 1000);
  try {
    const capture = await startCaptureOf(
      live.background,
      { device: 'any', filter: filterFor(sessions), bytes: 256 },
      decodeRoutingPacket,
    );
    const packets = await collect(capture, sessions, state, facts);
    return { packets, seconds: seconds(), log: { before, after: await readLog(live) } };
  } catch (error) {
    if (isInterruption(error) || !(error instanceof MustredirectError)) throw error;
    const problem = `packets of routing sessions were not captured: ${error.message}`;
    return { problem, seconds: seconds(), log: { before, after: await readLog(live) } };
  }
}

/** ICMP errors of neighbours only: those of this host about containers may be many. */
function filterFor(sessions: readonly ExpectedSession[]): string {
  const ports = sessions.flatMap(({ settings }) => (settings.protocol === 'bgp' ? [settings.port] : []));
  const neighbors = sessions.flatMap(({ address, routers = {} }) => [
    ...(address === undefined ? [] : [address]),
    ...Object.values(routers).map((one) => one.address),
  ]);
  const from = (family: Family): string =>
    ofFamily(neighbors, family)
      .map((address) => `src host ${address}`)
      .join(' or ');
  const errors = { 4: 'icmp[icmptype] == icmp-unreach', 6: 'icmp6 and ip6[40] == 1' } as const;
  return [
    'ip proto 89 or ip6 proto 89 or udp port 3784',
    ...[...new Set(ports)].map((port) => `tcp port ${port}`),
    ...families.flatMap((family) =>
      from(family) === '' ? [] : [`(${errors[family]} and (${from(family)}))`],
    ),
  ].join(' or ');
}

async function collect(
  capture: Capture<RoutingPacket>,
  sessions: readonly ExpectedSession[],
  state: RoutingState,
  facts: Pick<Facts, 'links'>,
): Promise<readonly RoutingPacket[]> {
  const start = performance.now();
  try {
    for (;;) {
      await sleep(poll);
      const { packets } = await capture.packets();
      const elapsed = performance.now() - start;
      const done = sessions.every((session) =>
        isEnough(session, state, packetsOf(session, packets, facts), elapsed),
      );
      if (done && elapsed >= calm) return packets;
    }
  } finally {
    await capture.stop();
  }
}

/** The device that leads to the neighbour of a session. */
export function linkOf(
  { settings: { link } }: ExpectedSession,
  facts: Pick<Facts, 'links'>,
): Link | undefined {
  return 'device' in link ? linkNamed(link.device, facts) : lanLink(link.address, facts);
}

export function packetsOf(
  session: ExpectedSession,
  packets: readonly RoutingPacket[],
  facts: Pick<Facts, 'links'>,
): RoutingPacket[] {
  const link = linkOf(session, facts);
  return packets.filter(({ linkIndex }) => linkIndex === link?.index);
}

/** @param elapsed milliseconds */
function isEnough(
  session: ExpectedSession,
  state: RoutingState,
  packets: readonly RoutingPacket[],
  elapsed: number,
): boolean {
  const status = statusOf(session, state);
  if (status.up) return upIsClear(session, state, packets, elapsed);
  return session.protocol === 'bgp'
    ? elapsed >= bgpPatience || bgpIsClear(session, packets, elapsed)
    : elapsed >= ospfPatience || ospfIsClear(session, state, packets, elapsed);
}

function upIsClear(
  session: ExpectedSession,
  state: RoutingState,
  packets: readonly RoutingPacket[],
  elapsed: number,
): boolean {
  const { settings, protocol, address } = session;
  if (settings.bfd && !bfdIsUp(session, state) && elapsed < bfdPatience) return false;
  if (protocol === 'ospf' || !settings.wantsDefault || statusOf(session, state).accepted > 0) return true;
  return (
    elapsed >= keepalivePatience ||
    packets.some(
      ({ source, message }) => source === address && message.kind === 'tcp' && message.bgp.length > 0,
    )
  );
}

function bfdIsUp({ name, address }: ExpectedSession, { bfd, neighbors }: RoutingState): boolean {
  const all =
    address === undefined ? Object.values(neighbors[name] ?? {}).map((one) => one.address) : [address];
  return all.every((one) => bfd[one] === 'Up');
}

/** The neighbour has said what it wants, or has not answered two attempts. */
function bgpIsClear(
  { address }: ExpectedSession,
  packets: readonly RoutingPacket[],
  elapsed: number,
): boolean {
  const answered = packets.some(({ direction, source, message }) => {
    if (direction !== 'in') return false;
    if (message.kind === 'error') return message.to === address;
    if (message.kind !== 'tcp' || source !== address) return false;
    return message.bgp.length > 0 || (message.flags.includes('rst') && elapsed >= closedPatience);
  });
  const attempts = packets.filter(
    ({ direction, destination, message }) =>
      direction === 'out' &&
      destination === address &&
      message.kind === 'tcp' &&
      message.flags.join() === 'syn',
  );
  const accepted = packets.some(
    ({ source, message }) =>
      source === address && message.kind === 'tcp' && message.flags.join() === 'syn,ack',
  );
  return answered || (attempts.length >= 2 && !accepted);
}

function ospfIsClear(
  { name, family, routers }: ExpectedSession,
  { neighbors }: RoutingState,
  packets: readonly RoutingPacket[],
  elapsed: number,
): boolean {
  const version = family === 4 ? 2 : 3;
  const heard = packets.flatMap(({ direction, message }) =>
    direction === 'in' && message.kind === 'ospf' && message.version === version ? [message] : [],
  );
  const known = neighbors[name] ?? {};
  const stuck = Object.keys(known).filter((id) => !isAdjacent(known[id]));
  const described = stuck.every((id) => heard.some(({ router, mtu }) => router === id && mtu !== undefined));
  if (!described && elapsed < stuckPatience) return false;
  const missing = Object.keys(routers ?? {}).filter((id) => !isAdjacent(known[id]));
  const greeted = heard.filter(({ hello }) => hello);
  return routers ? missing.every((id) => greeted.some(({ router }) => router === id)) : greeted.length > 0;
}
