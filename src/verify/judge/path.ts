/** Judges whether all packets left by an expected egress, and reports where others went. */
import type { CapturedPacket } from '../probe/captures.ts';
import { type Departures, egressList } from '../probe/departures.ts';
import { noPing } from './reach.ts';
import type { Expectation, Observation, Verdict } from '../probe/observation.ts';
import { type PingReply, type Protocol, sentProtocols } from '../probe/probe.ts';
import { protocolNames, unique, verdict } from './verdict.ts';

export function judgePath(
  expectation: Expectation,
  observation: Observation,
  own: readonly CapturedPacket[],
  departures: Departures,
): Verdict {
  if (expectation.closed !== undefined) return judgeClosed(expectation.closed, observation, own, departures);
  const sent = sentProtocols(observation.ping);
  const { right, wrong } = departures;
  const missing = sent.filter((protocol) => !right.some(({ packet }) => packet.protocol === protocol));
  if (missing.length === 0 && wrong.length === 0) {
    const skipped = observation.ping === 'missing' ? `; ICMP ${noPing}` : '';
    return verdict(
      'path',
      true,
      `${protocolNames(sent)} left by ${egressList(right)}: ${expectation.egressName}${skipped}`,
    );
  }
  const facts = [
    right.length > 0 && missing.length > 0 ? [`${protocolNames(missing)} did not leave that way`] : [],
    wrong.length > 0 ? [`left by ${egressList(wrong)}`] : [],
    right.length + wrong.length === 0 ? nothingLeft(expectation, observation, own) : [],
    expectedText(expectation),
    expectation.problems,
  ];
  return verdict('path', false, facts.flat().join('; '));
}

/** Judges a blocked network: no outgoing packet proves something only if the captures saw all of them come in. */
function judgeClosed(
  closed: string,
  { ping }: Observation,
  own: readonly CapturedPacket[],
  { wrong }: Departures,
): Verdict {
  if (wrong.length > 0) return verdict('path', false, `left by ${egressList(wrong)}; ${closed}`);
  const { ingressLinks, unseen } = ingressOf(own, ping);
  if (unseen.length > 0) {
    return verdict(
      'path',
      'not-checked',
      `the captures did not see ${protocolNames(unseen)} come in; ${closed}`,
    );
  }
  return verdict(
    'path',
    true,
    `came in by ${ingressLinks.join(', ')}, and nothing left this host: ${closed}`,
  );
}

/** Links by which the probe's packets came in, and protocols that the captures did not see come in. */
export function ingressOf(
  own: readonly CapturedPacket[],
  ping: PingReply,
): { readonly ingressLinks: readonly string[]; readonly unseen: readonly Protocol[] } {
  const entered = own.filter(({ direction }) => direction === 'in');
  return {
    ingressLinks: unique(entered.map(({ link }) => link)),
    unseen: sentProtocols(ping).filter((protocol) => !entered.some((one) => one.protocol === protocol)),
  };
}

function expectedText({ egresses, egressName }: Expectation): string {
  if (egresses.length === 0) return `there is no route to ${egressName}`;
  return `${egressName} is ${egresses.map(({ link, nextHop }) => (nextHop ? `${nextHop} on ${link}` : link)).join(' or ')}`;
}

function nothingLeft(
  { egresses, obstacles }: Expectation,
  { neighbours }: Observation,
  own: readonly CapturedPacket[],
): string[] {
  if (own.length === 0) return ['no packet of the probe was seen coming into this host'];
  const unresolved = egresses.filter(
    ({ link, nextHop }) =>
      nextHop && neighbours.some(({ dst, dev, lladdr }) => dst === nextHop && dev === link && !lladdr),
  );
  return [
    `came in by ${unique(own.map(({ link }) => link)).join(', ')}, and nothing left this host`,
    ...unresolved.map(({ link, nextHop }) => `${nextHop ?? ''} does not answer on ${link}`),
    ...obstacles,
  ];
}
