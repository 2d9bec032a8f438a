/** From what was captured to what it means. */
import type { Packet } from './packet.ts';
import { isOfProbe, protocols } from './probe.ts';
import type { CheckName } from './report.ts';
import { judgeReach, noPing } from './judge-reach.ts';
import { type Departure, type Departures, sortDepartures } from './departures.ts';
import type { Expectation, Observation, Verdict } from './observation.ts';

export function judge(expectation: Expectation, observation: Observation): Verdict[] {
  const own = observation.packets.filter((packet) => isOfProbe(packet, observation.probe));
  const departures = sortDepartures(own, expectation.ways, observation);
  return [
    judgePath(expectation, observation, own, departures),
    judgeSource(expectation, departures),
    judgeElsewhere(observation, own, departures),
    judgeReach(expectation.answered, observation),
  ];
}

function judgePath(
  expectation: Expectation,
  observation: Observation,
  own: readonly Packet[],
  departures: Departures,
): Verdict {
  const sent = protocols.filter((protocol) => protocol !== 'icmp' || observation.ping !== 'missing');
  const { right, wrong } = departures;
  const missing = sent.filter((protocol) => !right.some(({ packet }) => packet.protocol === protocol));
  if (missing.length === 0 && wrong.length === 0) {
    const skipped = sent.length < protocols.length ? `; ICMP ${noPing}` : '';
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

function describeWanted({ ways, wayName }: Expectation): string {
  if (ways.length === 0) return `there is no way to ${wayName}`;
  return `${wayName} is ${ways.map(({ link, nextHop }) => (nextHop ? `${nextHop} on ${link}` : link)).join(' or ')}`;
}

function nothingLeft(
  { ways, obstacles }: Expectation,
  { neighbours }: Observation,
  own: readonly Packet[],
): string[] {
  if (own.length === 0) return ['no packet of the probe was seen coming into this host'];
  const silent = ways.filter(
    ({ link, nextHop }) =>
      nextHop && !neighbours.some(({ dst, dev, lladdr }) => dst === nextHop && dev === link && lladdr),
  );
  return [
    `came in by ${unique(own.map(({ link }) => link)).join(', ')}, and nothing left this host`,
    ...silent.map(({ link, nextHop }) => `${nextHop ?? ''} does not answer on ${link}`),
    ...obstacles,
  ];
}

function judgeSource({ sources }: Expectation, { right, wrong }: Departures): Verdict {
  const seen = unique([...right, ...wrong].map(({ packet }) => packet.source));
  if (seen.length === 0) return verdict('source', 'not-checked', 'nothing left');
  if (typeof sources === 'string') return verdict('source', 'not-checked', `${seen.join(', ')}; ${sources}`);
  const ok = seen.every((source) => sources.includes(source));
  const evidence = `${seen.join(', ')} as it left this host`;
  return verdict('source', ok, ok ? evidence : `${evidence}; ${sources.join(' or ')} was expected`);
}

function judgeElsewhere(
  { links, lost }: Observation,
  own: readonly Packet[],
  { wrong, rightLinks }: Departures,
): Verdict {
  if (wrong.length > 0) {
    const counts = unique(wrong.map(({ by }) => by)).map(
      (by) => `${wrong.filter((departure) => departure.by === by).length} left by ${by}`,
    );
    return verdict('elsewhere', false, `of our packets, ${counts.join(', ')}`);
  }
  if (lost > 0) return verdict('elsewhere', 'not-checked', `the captures lost ${lost} packets: try again`);
  // A capture that saw nothing come in would see nothing go out either.
  const entries = unique(own.filter(({ direction }) => direction === 'in').map(({ link }) => link));
  if (entries.length === 0) return verdict('elsewhere', 'not-checked', 'the captures saw nothing come in');
  const passed = new Set(['lo', ...rightLinks, ...entries]);
  const others = links.map(({ name }) => name).filter((name) => !passed.has(name));
  return verdict(
    'elsewhere',
    true,
    `none of our packets left by ${listed(others)}; all came in by ${entries.join(', ')}`,
  );
}

function waysOf(departures: readonly Departure[]): string {
  return unique(departures.map(({ by }) => by)).join(', ');
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'any other link';
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

function namesOf(names: readonly string[]): string {
  const upper = names.map((name) => name.toUpperCase());
  return upper.length > 1 ? `${upper.slice(0, -1).join(', ')} and ${upper.at(-1) ?? ''}` : upper.join('');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function verdict(check: CheckName, ok: Verdict['ok'], evidence: string): Verdict {
  return { check, ok, evidence };
}
