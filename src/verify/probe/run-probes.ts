/** Sends probes from a place while capturing, and judges each by its expectation. */
import { readNeighbours } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import { captureWhile } from './captures.ts';
import { judge } from '../judge/judge.ts';
import { type LiveHost, type Place, execIn } from '../live-host.ts';
import type { Expectation, Observation } from './observation.ts';
import { ping } from './ping.ts';
import { type PingAnswer, type Probe, captureFilter, makeProbes } from './probe.ts';
import type { Check, Subject } from '../report.ts';
import { type SocketAnswer, sendProbes } from './sender.ts';
import type { Target } from '../target.ts';
import { unique } from '../judge/verdict.ts';

/** milliseconds for sockets to wait: one repeated SYN, or for a target that nobody answers, none */
const patience = { answered: 1500, unanswered: 500 };

export interface Expected {
  readonly target: Target;
  readonly expectation: Expectation;
}

export async function runProbes(
  host: LiveHost,
  about: Subject,
  place: Place,
  links: readonly Link[],
  expected: readonly Expected[],
): Promise<Check[]> {
  const probes = makeProbes(
    place.source,
    expected.map(({ target }) => target),
  );
  const observed = await observe(host, place, links, probes, expected);
  return expected.flatMap(({ expectation }, i) => {
    const observation = observed[i];
    if (!observation) return [];
    const target = observation.probe.target;
    return judge(expectation, observation).map((one) => ({ ...about, from: place.from, target, ...one }));
  });
}

async function observe(
  host: LiveHost,
  { pid }: Place,
  links: readonly Link[],
  probes: readonly Probe[],
  expected: readonly Expected[],
): Promise<Observation[]> {
  const nextHopLinks = expected.flatMap(({ expectation }) =>
    expectation.ways.flatMap(({ link, nextHop }) => (nextHop ? link : [])),
  );
  const answered = expected.some(({ expectation }) => expectation.answered);
  const { packets, lost, result } = await captureWhile(
    host.background,
    captureFilter(probes),
    links,
    unique(nextHopLinks),
    () => sendAll(host, pid, probes, answered ? patience.answered : patience.unanswered),
  );
  const neighbours = await readNeighbours(host.exec);
  const { answers, pings } = result;
  return probes.map((probe, i) => ({ probe, packets, lost, links, neighbours, answers, ping: pings[i] }));
}

interface Sent {
  readonly answers: readonly SocketAnswer[];
  readonly pings: readonly PingAnswer[];
}

async function sendAll(host: LiveHost, pid: number, probes: readonly Probe[], time: number): Promise<Sent> {
  const inside = execIn(host, pid);
  const [answers, ...pings] = await Promise.all([
    sendProbes(inside, host.node, probes, time),
    ...probes.map((probe) => ping(inside, probe)),
  ]);
  return { answers, pings };
}
