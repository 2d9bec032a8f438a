/** A drill: cuts the member that a gateway uses, and measures what its networks notice until they use it again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, Family } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { readLinks } from '../../host/ip/links.ts';
import { readNeighbours } from '../../host/ip/neighbours.ts';
import type { Running } from '../../host/ports.ts';
import { endingWithStdin } from '../../host/process/background.ts';
import { startError } from '../../host/process/exec.ts';
import { stopIfInterrupted } from '../../host/process/interrupt.ts';
import { inNetwork } from '../../host/process/namespaces.ts';
import type { FailoverMember } from '../../topology/role.ts';
import { gatewayEgresses } from '../../verify/judge/egress.ts';
import type { LiveHost, Sender } from '../../verify/live-host.ts';
import { captureWhile } from '../../verify/probe/captures.ts';
import { sortDepartures } from '../../verify/probe/departures.ts';
import { fromSpareAddress } from '../../verify/verify-network.ts';
import { type GatewayHealth, usesMember } from '../members/member-status.ts';
import { cutMember } from './cut.ts';
import type { DrillInput, StreamPlan } from './drill-input.ts';
import { type Answer, type Outage, outageBetween, readAnswers } from './outage.ts';

export interface DrillResult {
  readonly family: Family;
  readonly target: Address;
  /** member that took over; undefined: none did */
  readonly to: string | undefined;
  /** from the cut until a second after the change */
  readonly away: Outage;
  /** from the end of the cut until a second after the member was used again; undefined: it was not */
  readonly back: Outage | undefined;
  /** packets of the pings that left this host by anything but a member */
  readonly leaked: number;
  /** packets that the capture lost: unless 0, `leaked` proves nothing */
  readonly missed: number;
}

/** milliseconds between two pings */
const interval = 10;
/** pings that must be answered before the cut */
const answersFirst = 20;
/** milliseconds */
const firstAnswers = 5000;
const longestAway = 30_000;
const askEvery = 20;
/** seconds for an answer to a ping from before a change */
const inFlight = 0.1;
/** milliseconds that are still watched after a change */
const afterwards = 1000;

/** The member that was cut, and what each stream that left by it has noticed. */
export interface Drilled {
  readonly member: string;
  readonly results: readonly DrillResult[];
}

export async function drill(host: LiveHost, input: DrillInput): Promise<Drilled> {
  return withSenders(host, input, input.streams, [], async (senders) => {
    const placed = senders.map((one) => ({
      ...one,
      member: input.memberOf(one.sender.source, one.plan.target),
    }));
    const [first] = placed;
    if (!first) throw new RangeError('a drill without a stream');
    // Where members share connections, the families may leave by different ones.
    const own = placed.filter(({ member }) => member.host === first.member.host);
    const results = await drillWith(host, { ...input, member: first.member }, own);
    return { member: first.member.host, results };
  });
}

/** With the member that is cut. */
type Drill = DrillInput & { readonly member: FailoverMember };

interface Placed {
  readonly plan: StreamPlan;
  readonly sender: Sender;
}

/** One temporary namespace for each stream. */
function withSenders<T>(
  host: LiveHost,
  input: DrillInput,
  [plan, ...rest]: readonly StreamPlan[],
  placed: readonly Placed[],
  work: (placed: readonly Placed[]) => Promise<T>,
): Promise<T> {
  if (!plan) return work(placed);
  return fromSpareAddress(host, input.facts, plan.network, plan.subnet, (sender) =>
    withSenders(host, input, rest, [...placed, { plan, sender }], work),
  );
}

async function drillWith(host: LiveHost, input: Drill, placed: readonly Placed[]): Promise<DrillResult[]> {
  const links = await readLinks(host.exec);
  const hops = input.gateway.members.flatMap(({ addresses }) => addresses);
  const { egresses } = await gatewayEgresses(host.exec, links, hops);
  const filter = placed
    .map(({ plan, sender }) => `(src host ${sender.source} and dst host ${plan.target})`)
    .join(' or ');
  const hopLinks = [
    ...new Set(egresses.flatMap(({ link, nextHop }) => (nextHop === undefined ? [] : [link]))),
  ];
  const { packets, lost, result } = await captureWhile(host.background, filter, links, hopLinks, () =>
    measure(host, input, placed),
  );
  const neighbours = await readNeighbours(host.exec);
  return result.map((measured, i) => {
    const source = placed[i]?.sender.source;
    const own = packets.filter((packet) => packet.source === source);
    const { wrong } = sortDepartures(own, egresses, { links, neighbours });
    return { ...measured, leaked: wrong.length, missed: lost };
  });
}

interface Answered {
  /** so far */
  readonly answers: () => readonly Answer[];
}

type Measured = Omit<DrillResult, 'leaked' | 'missed'>;

async function measure(host: LiveHost, input: Drill, placed: readonly Placed[]): Promise<Measured[]> {
  const streams = await Promise.all(
    placed.map(async ({ plan, sender }) => {
      const argv = ['ping', '-n', '-D', '-i', `${interval / 1000}`, '-I', sender.source, plan.target];
      const running = await host.background.start(endingWithStdin(inNetwork(sender.pid, argv)));
      return { plan, running, answers: () => readAnswers(running.output().stdout) };
    }),
  );
  try {
    await untilAnswered(input, streams);
    const newest = (): number[] => streams.map(({ answers }) => answers().at(-1)?.number ?? 0);
    const cutAt = newest();
    const away = await cutUntilLeft(host, input, streams);
    const leftAt = newest();
    const isBack = input.back !== undefined && (await untilUsed(input, input.back, (used) => used));
    if (isBack) await untilAnsweredSince(streams, input);
    const backAt = newest();
    return streams.map(({ plan, answers }, i) => {
      const found = answers();
      const moment = (at: readonly number[]): number => at[i] ?? 0;
      return {
        family: plan.family,
        target: plan.target,
        to: away.find(({ family }) => family === plan.family)?.used,
        away: outageBetween(found, [moment(cutAt), moment(leftAt)], interval),
        back: isBack ? outageBetween(found, [moment(leftAt), moment(backAt)], interval) : undefined,
      };
    });
  } finally {
    await Promise.all(streams.map(({ running }) => running.stop()));
  }
}

/** @returns what is used instead, in each family; the cut is taken back in any case */
async function cutUntilLeft(
  host: LiveHost,
  input: Drill,
  running: readonly Answered[],
): Promise<GatewayHealth[]> {
  const { member, streams, ask } = input;
  const cut = await cutMember(host, member.addresses);
  try {
    const isLeft = await untilUsed(input, longestAway, (used) => !used);
    // The agent tells of its choice before the route is changed.
    if (isLeft) await untilAnsweredSince(running, input);
    const families = streams.map(({ family }) => family);
    return (await ask()).filter(
      (state) => families.includes(state.family) && !usesMember(state, member.host),
    );
  } finally {
    await cut.end();
  }
}

async function untilAnswered(
  { streams: plans, interrupt }: DrillInput,
  streams: readonly (Answered & { readonly running: Running })[],
): Promise<void> {
  const end = performance.now() + firstAnswers;
  for (;;) {
    await stopIfInterrupted(interrupt);
    const ended = streams.find(({ running }) => running.ended());
    if (ended) throw startError(['ping'], await ended.running.stop());
    const silent = streams.findIndex(({ answers }) => answers().length < answersFirst);
    if (silent < 0) return;
    if (performance.now() > end) {
      throw new MustredirectError(
        'failed',
        `${plans[silent]?.target} does not answer, before anything is cut`,
        {
          hint: 'give an address that answers pings through the gateway: --to ADDRESS; `mustredirect verify` shows the way',
        },
      );
    }
    await sleep(askEvery);
  }
}

/** Whether it came to be within the time, in all families. */
async function untilUsed(
  { member, streams, ask, interrupt }: Drill,
  time: number,
  holds: (used: boolean) => boolean,
): Promise<boolean> {
  const families = streams.map(({ family }) => family);
  const end = performance.now() + time;
  while (performance.now() < end) {
    await stopIfInterrupted(interrupt);
    const states = (await ask()).filter(({ family }) => families.includes(family));
    if (states.length > 0 && states.every((state) => holds(usesMember(state, member.host)))) return true;
    await sleep(askEvery);
  }
  return false;
}

/** Waits for pings that are sent from now on to be answered, and for some time more. */
async function untilAnsweredSince(streams: readonly Answered[], { interrupt }: DrillInput): Promise<void> {
  const since = Date.now() / 1000 + inFlight;
  const end = performance.now() + longestAway;
  const isAnswered = (): boolean => streams.every(({ answers }) => (answers().at(-1)?.at ?? 0) > since);
  while (!isAnswered() && performance.now() < end) {
    await stopIfInterrupted(interrupt);
    await sleep(askEvery);
  }
  await pause(afterwards, { interrupt });
}

async function pause(milliseconds: number, { interrupt }: Pick<DrillInput, 'interrupt'>): Promise<void> {
  await sleep(milliseconds, undefined, { signal: interrupt }).catch(() => {});
  await stopIfInterrupted(interrupt);
}
