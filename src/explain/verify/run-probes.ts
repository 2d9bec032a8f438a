/** Sends probes from a place while capturing, and judges each by its expectation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../host/background.ts';
import { type Capture, startCapture } from './capture.ts';
import { judge } from './judge.ts';
import { type LiveHost, type Place, enter } from './live-host.ts';
import type { Expectation, Observation } from './observation.ts';
import { type PingAnswer, ping } from './ping.ts';
import { type Probe, captureFilter, isOfProbe, makeProbes, sentProtocols } from './probe.ts';
import { type LiveLink, readNeighbours } from './read-links.ts';
import type { Check } from './report.ts';
import { type SocketAnswer, sendProbes } from './sender.ts';
import type { Target } from './target.ts';

/** milliseconds for sockets to wait: one repeated SYN, or for a target that nobody answers, none */
const patience = { answered: 1500, unanswered: 500 };
/** milliseconds for a capture to hand over what has passed */
const arrivalTimeout = 500;
const departureTime = 100;

export interface Expected {
  readonly target: Target;
  readonly expectation: Expectation;
}

export async function runProbes(
  host: LiveHost,
  subject: string,
  place: Place,
  links: readonly LiveLink[],
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
    return judge(expectation, observation).map((one) => ({ subject, from: place.from, target, ...one }));
  });
}

async function observe(
  host: LiveHost,
  { pid }: Place,
  links: readonly LiveLink[],
  probes: readonly Probe[],
  expected: readonly Expected[],
): Promise<Observation[]> {
  const nextHopLinks = expected.flatMap(({ expectation }) =>
    expectation.ways.flatMap(({ link, nextHop }) => (nextHop ? link : [])),
  );
  const capture = await startCapture(host.background, captureFilter(probes), [...new Set(nextHopLinks)]);
  const sent = await sendAll(host, pid, probes, expected, capture);
  const { packets, lost } = await capture.stop();
  const neighbours = await readNeighbours(host.exec);
  return probes.map((probe, i) => ({
    probe,
    packets,
    lost,
    links,
    neighbours,
    answers: sent.answers,
    ping: sent.pings[i],
  }));
}

interface Sent {
  readonly answers: readonly SocketAnswer[];
  readonly pings: readonly PingAnswer[];
}

async function sendAll(
  host: LiveHost,
  pid: number,
  probes: readonly Probe[],
  expected: readonly Expected[],
  capture: Capture,
): Promise<Sent> {
  const answered = expected.some(({ expectation }) => expectation.answered);
  const time = answered ? patience.answered : patience.unanswered;
  try {
    const [answers, ...pings] = await Promise.all([
      sendProbes(host.exec, host.node, enter(pid), probes, time),
      ...probes.map((probe) => ping(host.exec, enter(pid), probe)),
    ]);
    await waitUntil(() => allArrived(capture, probes, pings), arrivalTimeout);
    // What came in goes out in the same moment; this is for the capture, which reads from a buffer.
    await sleep(departureTime);
    return { answers, pings };
  } catch (error) {
    await capture.stop();
    throw error;
  }
}

/** Whether the captures have seen each packet come into this host. */
function allArrived(capture: Capture, probes: readonly Probe[], pings: readonly PingAnswer[]): boolean {
  const arrived = capture.packets().filter(({ direction }) => direction === 'in');
  return probes.every((probe, i) =>
    sentProtocols(pings[i]).every((protocol) =>
      arrived.some((one) => one.protocol === protocol && isOfProbe(one, probe)),
    ),
  );
}
