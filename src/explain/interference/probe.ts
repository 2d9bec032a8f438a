/** Sends one packet each way along each path, and tells what became of it. */
import type { Family } from '../../address/cidr.ts';
import { waitUntil } from '../../host/process/background.ts';
import { type LegacyDrop, readLegacyDrops, risenDrops } from '../../host/iptables/legacy.ts';
import type { TracedPacket } from '../../host/nft/trace.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import { type RouteAnswer, askRoute } from './ask-route.ts';
import { type Flow, type Shot, answerShot, outwardFlows, outwardShot } from './flow.ts';
import { type Injector, openInjector } from './injector.ts';
import { type Outcome, isFinal, judge } from './judge.ts';
import type { Path } from './path.ts';
import { type Tracer, openTracer } from './tracer.ts';

/** What became of one packet, and what else is known of it where it did not arrive. */
export interface Trial {
  readonly flow: Flow;
  readonly outcome: Outcome;
  /** where the kernel routes it */
  readonly route?: RouteAnswer;
  /** rules of iptables-legacy that dropped something meanwhile */
  readonly legacy: readonly LegacyDrop[];
}

export async function probe(host: LiveHost, paths: readonly Path[]): Promise<Trial[]> {
  const flows = outwardFlows(paths);
  const families = [...new Set(paths.map(({ family }) => family))];
  const { injector, tracer } = await openBoth(host, paths, flows);
  try {
    const before = await readDrops(host, families);
    const out = await shoot(
      injector,
      tracer,
      flows.map((flow) => ({ flow, shot: outwardShot(flow) })),
    );
    const back = await shoot(injector, tracer, out.flatMap(answerOf));
    const all = [...out, ...back];
    const isLost = all.some(({ outcome }) => outcome.kind === 'lost');
    const risen = isLost ? risenDrops(before, await readDrops(host, families)) : [];
    return await Promise.all(all.map((shown) => explain(host, shown, risen)));
  } finally {
    await Promise.allSettled([injector.end(), tracer.end()]);
    await forget(host, paths);
  }
}

async function openBoth(
  host: LiveHost,
  paths: readonly Path[],
  flows: readonly Flow[],
): Promise<{ readonly injector: Injector; readonly tracer: Tracer }> {
  const entrances = [
    ...paths.map(({ source, inner }) => ({ source, device: inner.device })),
    ...new Map(paths.map(({ target, outer }) => [target, { source: target, device: outer.device }])).values(),
  ];
  const [injector, tracer] = await Promise.allSettled([
    openInjector(host, entrances),
    openTracer(host, flows),
  ]);
  if (injector.status === 'fulfilled' && tracer.status === 'fulfilled') {
    return { injector: injector.value, tracer: tracer.value };
  }
  if (injector.status === 'fulfilled') await injector.value.end();
  if (tracer.status === 'fulfilled') await tracer.value.end();
  throw injector.status === 'rejected' ? injector.reason : (tracer as PromiseRejectedResult).reason;
}

async function readDrops(host: LiveHost, families: readonly Family[]): Promise<LegacyDrop[]> {
  return (await Promise.all(families.map((family) => readLegacyDrops(host, family)))).flat();
}

interface Sent {
  readonly flow: Flow;
  readonly shot: Shot;
}

interface Seen extends Sent {
  readonly outcome: Outcome;
}

/**
 * A few at a time, and twice what has not come to its end: what the kernel says of many packets at once may be more than it
 * keeps for a reader, and the rest is lost.
 */
async function shoot(injector: Injector, tracer: Tracer, sent: readonly Sent[]): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let first = 0; first < sent.length; first += together) {
    const some = sent.slice(first, first + together);
    const once = await shootTogether(injector, tracer, some);
    const missed = once.filter(({ outcome }) => !isFinal(outcome));
    const twice = missed.length > 0 ? await shootTogether(injector, tracer, missed) : [];
    seen.push(...once.map((one) => twice.find(({ shot }) => shot === one.shot) ?? one));
  }
  return seen;
}

const together = 4;
/** milliseconds: without a line for so long, nothing more comes; and what the longest wait is on a busy machine */
const quiet = 250;
const atMost = 2000;

async function shootTogether(injector: Injector, tracer: Tracer, sent: readonly Sent[]): Promise<Seen[]> {
  await injector.send(sent.map(({ shot }) => shot));
  let seen: Seen[] = [];
  let count = -1;
  let since = performance.now();
  await waitUntil(() => {
    const events = tracer.events();
    if (events.length !== count) since = performance.now();
    count = events.length;
    seen = sent.map(({ flow, shot }) => ({ flow, shot, outcome: judge(events, tracer.table, shot) }));
    return seen.every(({ outcome }) => isFinal(outcome)) || performance.now() - since > quiet;
  }, atMost);
  return seen;
}

/** Of UDP: what a SYN gets for an answer, no socket sends by itself. */
function answerOf({ flow, outcome }: Seen): Sent[] {
  if (outcome.kind !== 'arrived' || flow.protocol !== 'udp') return [];
  const left: TracedPacket = outcome.packet;
  return [{ flow: { ...flow, direction: 'back' }, shot: answerShot(flow, left) }];
}

async function explain(
  host: LiveHost,
  { flow, shot, outcome }: Seen,
  risen: readonly LegacyDrop[],
): Promise<Trial> {
  const legacy = outcome.kind === 'lost' ? risen.filter((drop) => drop.family === flow.path.family) : [];
  const isRouted =
    (outcome.kind === 'lost' && outcome.where === 'routing') ||
    (outcome.kind === 'diverted' && !outcome.translated);
  if (!isRouted) return { flow, outcome, legacy };
  const { inner, outer, source } = flow.path;
  // An answer is routed with the address that NAT has given back to it.
  const [device, routed] =
    flow.direction === 'out'
      ? [inner.device, shot]
      : [outer.device, { ...shot, destination: source, destinationPort: flow.port }];
  return { flow, outcome, legacy, route: await askRoute(host.exec, routed, device, outcome.mark) };
}

/** conntrack would keep them for two minutes. */
async function forget(host: LiveHost, paths: readonly Path[]): Promise<void> {
  for (const { family, source, target } of paths) {
    const argv = ['conntrack', '-D', '-f', `ipv${family}`, '-s', source, '-d', target];
    await host.exec.run(argv, { timeout: 5000 }).catch(() => undefined);
  }
}
