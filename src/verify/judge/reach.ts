/** Judges whether the target replied, and how fast. */
import type { Expectation, Observation, Verdict } from '../probe/observation.ts';
import type { PingReply } from '../probe/probe.ts';
import { type SocketReply, isFromTarget } from '../probe/sender.ts';

export const noPing = 'not sent (no ping: apt-get install iputils-ping)';

type Replies = Pick<Observation, 'probe' | 'replies' | 'ping'>;

type Expected = Pick<Expectation, 'replyExpected' | 'closed'>;

export function judgeReach({ replyExpected, closed }: Expected, { probe, replies, ping }: Replies): Verdict {
  if (closed !== undefined) return { check: 'reach', ok: 'not-checked', evidence: closed };
  if (!replyExpected) {
    return { check: 'reach', ok: 'not-checked', evidence: 'give --to ADDRESS[:PORT] to see answers' };
  }
  const replyOf = (protocol: SocketReply['protocol']): SocketReply | undefined =>
    replies.find((reply) => reply.localPort === probe.localPort && reply.protocol === protocol);
  const [udp, tcp] = [replyOf('udp'), replyOf('tcp')];
  const evidence = [
    `ICMP ${describePing(ping)}`,
    `TCP ${probe.tcpPort} ${describe(tcp, 'connected')}`,
    `UDP ${probe.udpPort} ${describe(udp, 'answered')}`,
  ];
  const ok =
    typeof ping === 'number' || [udp, tcp].some((reply) => reply !== undefined && isFromTarget(reply));
  return { check: 'reach', ok, evidence: evidence.join(', ') };
}

function describePing(ping: PingReply): string {
  if (ping === 'missing') return noPing;
  return ping === undefined ? 'no answer' : `answered in ${ping} ms`;
}

/** errno(3) codes that a socket gets from ICMP messages and resets. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'stopped: host unreachable',
  ENETUNREACH: 'stopped: network unreachable',
  EACCES: 'stopped: prohibited',
};

function describe(reply: SocketReply | undefined, success: string): string {
  if (!reply) return 'no answer';
  const { code, milliseconds } = reply;
  return `${code ? (meanings[code] ?? code) : success} in ${milliseconds} ms`;
}
