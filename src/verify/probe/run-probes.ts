/** Sends probes while capturing, and judges each by its expectation. */
import { readNeighbours } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import { captureWhile } from './captures.ts';
import { judge } from '../judge/judge.ts';
import { type LiveHost, type Sender, execIn } from '../live-host.ts';
import type { Expectation, Observation } from './observation.ts';
import { ping } from './ping.ts';
import { type PingReply, type Probe, captureFilter, makeProbes } from './probe.ts';
import type { Check, CheckSubject } from '../report.ts';
import { type SocketReply, sendProbes } from './sender.ts';
import type { Target } from '../target.ts';
import { unique } from '../judge/verdict.ts';

/** Milliseconds to wait for replies: long enough for one repeated SYN, or short when no reply is expected. */
const replyTimeout = { expected: 1500, unexpected: 500 };

export interface Expected {
  readonly target: Target;
  readonly expectation: Expectation;
}

export async function runProbes(
  host: LiveHost,
  about: CheckSubject,
  sender: Sender,
  links: readonly Link[],
  expected: readonly Expected[],
): Promise<Check[]> {
  const probes = makeProbes(
    sender.source,
    expected.map(({ target }) => target),
  );
  const observed = await observe(host, sender, links, probes, expected);
  return expected.flatMap(({ expectation }, i) => {
    const observation = observed[i];
    if (!observation) return [];
    const target = observation.probe.target;
    return judge(expectation, observation).map((one) => ({ ...about, from: sender.from, target, ...one }));
  });
}

async function observe(
  host: LiveHost,
  { pid }: Sender,
  links: readonly Link[],
  probes: readonly Probe[],
  expected: readonly Expected[],
): Promise<Observation[]> {
  const nextHopLinks = expected.flatMap(({ expectation }) =>
    expectation.egresses.flatMap(({ link, nextHop }) => (nextHop ? link : [])),
  );
  const replyExpected = expected.some(({ expectation }) => expectation.replyExpected);
  const { packets, lost, result } = await captureWhile(
    host.background,
    captureFilter(probes),
    links,
    unique(nextHopLinks),
    () => sendAll(host, pid, probes, replyExpected ? replyTimeout.expected : replyTimeout.unexpected),
  );
  const neighbours = await readNeighbours(host.exec);
  const { replies, pings } = result;
  return probes.map((probe, i) => ({ probe, packets, lost, links, neighbours, replies, ping: pings[i] }));
}

interface Sent {
  readonly replies: readonly SocketReply[];
  readonly pings: readonly PingReply[];
}

async function sendAll(host: LiveHost, pid: number, probes: readonly Probe[], time: number): Promise<Sent> {
  const inside = execIn(host, pid);
  const [replies, ...pings] = await Promise.all([
    sendProbes(inside, host.node, probes, time),
    ...probes.map((probe) => ping(inside, probe)),
  ]);
  return { replies, pings };
}
