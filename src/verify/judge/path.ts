/** Judges whether all packets left by an expected egress, and where the others went. */
import type { Sighting } from '../probe/captures.ts';
import { type Departures, waysOf } from '../probe/departures.ts';
import { noPing } from './reach.ts';
import type { Expectation, Observation, Verdict } from '../probe/observation.ts';
import { sentProtocols } from '../probe/probe.ts';
import { namesOf, unique, verdict } from './verdict.ts';

export function judgePath(
  expectation: Expectation,
  observation: Observation,
  own: readonly Sighting[],
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
      `${namesOf(sent)} left by ${waysOf(right)}: ${expectation.wayName}${skipped}`,
    );
  }
  const facts = [
    right.length > 0 && missing.length > 0 ? [`${namesOf(missing)} did not leave that way`] : [],
    wrong.length > 0 ? [`left by ${waysOf(wrong)}`] : [],
    right.length + wrong.length === 0 ? nothingLeft(expectation, observation, own) : [],
    describeWanted(expectation),
    expectation.problems,
  ];
  return verdict('path', false, facts.flat().join('; '));
}

/** That nothing left proves something only where all of it came in. */
function judgeClosed(
  closed: string,
  { ping }: Observation,
  own: readonly Sighting[],
  { wrong }: Departures,
): Verdict {
  if (wrong.length > 0) return verdict('path', false, `left by ${waysOf(wrong)}; ${closed}`);
  const entered = own.filter(({ direction }) => direction === 'in');
  const unseen = sentProtocols(ping).filter((protocol) => !entered.some((one) => one.protocol === protocol));
  if (unseen.length > 0) {
    return verdict('path', 'not-checked', `the captures did not see ${namesOf(unseen)} come in; ${closed}`);
  }
  const links = unique(entered.map(({ link }) => link)).join(', ');
  return verdict('path', true, `came in by ${links}, and nothing left this host: ${closed}`);
}

function describeWanted({ ways, wayName }: Expectation): string {
  if (ways.length === 0) return `there is no route to ${wayName}`;
  return `${wayName} is ${ways.map(({ link, nextHop }) => (nextHop ? `${nextHop} on ${link}` : link)).join(' or ')}`;
}

function nothingLeft(
  { ways, obstacles }: Expectation,
  { neighbours }: Observation,
  own: readonly Sighting[],
): string[] {
  if (own.length === 0) return ['no packet of the probe was seen coming into this host'];
  const silent = ways.filter(
    ({ link, nextHop }) =>
      nextHop && neighbours.some(({ dst, dev, lladdr }) => dst === nextHop && dev === link && !lladdr),
  );
  return [
    `came in by ${unique(own.map(({ link }) => link)).join(', ')}, and nothing left this host`,
    ...silent.map(({ link, nextHop }) => `${nextHop ?? ''} does not answer on ${link}`),
    ...obstacles,
  ];
}
