/** Judges whether the target answered, and how fast. */
import type { Expectation, Observation, Verdict } from '../probe/observation.ts';
import type { PingAnswer } from '../probe/probe.ts';
import { type SocketAnswer, isFromTarget } from '../probe/sender.ts';

export const noPing = 'not sent (no ping: apt-get install iputils-ping)';

type Answers = Pick<Observation, 'probe' | 'answers' | 'ping'>;

type DesiredObject = Pick<Expectation, 'answered' | 'closed'>;

export function judgeReach({ answered, closed }: DesiredObject, { probe, answers, ping }: Answers): Verdict {
  if (closed !== undefined) return { check: 'reach', ok: 'not-checked', evidence: closed };
  if (!answered) {
    return { check: 'reach', ok: 'not-checked', evidence: 'give --to ADDRESS[:PORT] to see answers' };
  }
  const answerOf = (protocol: SocketAnswer['protocol']): SocketAnswer | undefined =>
    answers.find((answer) => answer.localPort === probe.localPort && answer.protocol === protocol);
  const [udp, tcp] = [answerOf('udp'), answerOf('tcp')];
  const evidence = [
    `ICMP ${describePing(ping)}`,
    `TCP ${probe.tcpPort} ${describe(tcp, 'connected')}`,
    `UDP ${probe.udpPort} ${describe(udp, 'answered')}`,
  ];
  const ok =
    typeof ping === 'number' || [udp, tcp].some((answer) => answer !== undefined && isFromTarget(answer));
  return { check: 'reach', ok, evidence: evidence.join(', ') };
}

function describePing(ping: PingAnswer): string {
  if (ping === 'missing') return noPing;
  return ping === undefined ? 'no answer' : `answered in ${ping} ms`;
}

/** The codes of errno(3) that a socket gets from ICMP messages and resets. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'stopped: host unreachable',
  ENETUNREACH: 'stopped: network unreachable',
  EACCES: 'stopped: prohibited',
};

function describe(answer: SocketAnswer | undefined, success: string): string {
  if (!answer) return 'no answer';
  const { code, milliseconds } = answer;
  return `${code ? (meanings[code] ?? code) : success} in ${milliseconds} ms`;
}
