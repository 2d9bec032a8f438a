/** Judges a probe: compares captured packets with the expectation. */
import type { CapturedPacket } from '../probe/captures.ts';
import { type Departures, sortDepartures } from '../probe/departures.ts';
import { ingressOf, judgePath } from './path.ts';
import { judgeReach } from './reach.ts';
import type { Expectation, Observation, Verdict } from '../probe/observation.ts';
import { isOfProbe } from '../probe/probe.ts';
import { listed, protocolNames, unique, verdict } from './verdict.ts';

export function judge(expectation: Expectation, observation: Observation): Verdict[] {
  const own = observation.packets.filter((packet) => isOfProbe(packet, observation.probe));
  const departures = sortDepartures(own, expectation.egresses, observation);
  return [
    judgePath(expectation, observation, own, departures),
    judgeSource(expectation, departures),
    judgeElsewhere(observation, own, departures),
    judgeReach(expectation, observation),
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
  { links, lost, ping }: Observation,
  own: readonly CapturedPacket[],
  { wrong, rightLinks }: Departures,
): Verdict {
  if (wrong.length > 0) {
    const counts = unique(wrong.map(({ by }) => by)).map(
      (by) => `${wrong.filter((departure) => departure.by === by).length} left by ${by}`,
    );
    return verdict('elsewhere', false, `probe packets: ${counts.join(', ')}`);
  }
  if (lost > 0) return verdict('elsewhere', 'not-checked', `the captures lost ${lost} packets: try again`);
  // A capture that misses incoming packets could miss outgoing ones, too.
  const { ingressLinks, unseen } = ingressOf(own, ping);
  if (unseen.length > 0) {
    return verdict('elsewhere', 'not-checked', `the captures did not see ${protocolNames(unseen)} come in`);
  }
  const passed = new Set(['lo', ...rightLinks, ...ingressLinks]);
  const others = links.map(({ name }) => name).filter((name) => !passed.has(name));
  return verdict(
    'elsewhere',
    true,
    `no probe packet left by ${listed(others)}; all came in by ${ingressLinks.join(', ')}`,
  );
}
