/** Sends one packet in each direction along each path, and reports the outcome. */
import type { Family } from '../../address/cidr.ts';
import { waitUntil } from '../../host/process/background.ts';
import type { TraceEvent } from '../../host/nft/trace.ts';
import { type LegacyDrop, readLegacyDrops, increasedDrops } from '../../host/iptables/legacy.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import { type RouteLookup, lookUpRoute } from './look-up-route.ts';
import { type Flow, type ProbePacket, replyPacket, outwardFlows, outwardPacket } from './flow.ts';
import { type Injector, openInjector } from './injector.ts';
import { type Outcome, isFinal, judge } from './judge.ts';
import type { Path } from './path.ts';
import { type Tracer, openTracer } from './tracer.ts';

/** Outcome of one packet, with more details when it did not arrive. */
export interface Trial {
  readonly flow: Flow;
  readonly outcome: Outcome;
  /** route that the kernel chose */
  readonly route?: RouteLookup;
  /** rules of iptables-legacy that dropped packets meanwhile */
  readonly legacy: readonly LegacyDrop[];
}

export async function probe(host: LiveHost, paths: readonly Path[]): Promise<Trial[]> {
  const flows = outwardFlows(paths);
  const families = [...new Set(paths.map(({ family }) => family))];
  const { injector, tracer } = await openBoth(host, paths, flows);
  try {
    const before = await readDrops(host, families);
    const out = await sendInBatches(
      injector,
      tracer,
      flows.map((flow) => ({ flow, probePacket: outwardPacket(flow) })),
    );
    const back = await sendInBatches(injector, tracer, out.flatMap(replyOf));
    const all = [...out, ...back];
    const isLost = all.some(({ outcome }) => outcome.kind === 'lost');
    const increased = isLost ? increasedDrops(before, await readDrops(host, families)) : [];
    return await Promise.all(all.map((shown) => explain(host, shown, increased)));
  } finally {
    await Promise.allSettled([injector.end(), tracer.end()]);
    await deleteEntries(host, paths);
  }
}

async function openBoth(
  host: LiveHost,
  paths: readonly Path[],
  flows: readonly Flow[],
): Promise<{ readonly injector: Injector; readonly tracer: Tracer }> {
  const ingresses = [
    ...paths.map(({ source, inner }) => ({ source, device: inner.device })),
    ...new Map(paths.map(({ target, outer }) => [target, { source: target, device: outer.device }])).values(),
  ];
  const [injector, tracer] = await Promise.allSettled([
    openInjector(host, ingresses),
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
  readonly probePacket: ProbePacket;
}

interface Seen extends Sent {
  readonly outcome: Outcome;
}

/**
 * Sends a few packets at a time, and repeats those without a final outcome: traces of many packets at once may overflow
 * the socket buffer.
 */
async function sendInBatches(injector: Injector, tracer: Tracer, sent: readonly Sent[]): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let first = 0; first < sent.length; first += batchSize) {
    const some = sent.slice(first, first + batchSize);
    const once = await sendBatch(injector, tracer, some);
    const missed = once.filter(({ outcome }) => !isFinal(outcome));
    const twice = missed.length > 0 ? await sendBatch(injector, tracer, missed) : [];
    seen.push(...once.map((one) => twice.find(({ probePacket }) => probePacket === one.probePacket) ?? one));
  }
  return seen;
}

const batchSize = 4;
/** Milliseconds without a new line that end the wait, and the longest wait on a busy machine. */
const quietTime = 250;
const longestWait = 2000;

async function sendBatch(injector: Injector, tracer: Tracer, sent: readonly Sent[]): Promise<Seen[]> {
  await injector.send(sent.map(({ probePacket }) => probePacket));
  let seen: Seen[] = [];
  let judged: readonly TraceEvent[] | undefined;
  let since = performance.now();
  await waitUntil(() => {
    const events = tracer.events();
    if (events !== judged) {
      since = performance.now();
      judged = events;
      seen = sent.map(({ flow, probePacket }) => ({
        flow,
        probePacket,
        outcome: judge(events, tracer.table, probePacket),
      }));
    }
    return seen.every(({ outcome }) => isFinal(outcome)) || performance.now() - since > quietTime;
  }, longestWait);
  return seen;
}

/** Reply to a UDP packet; for TCP, no socket can send a SYN-ACK by itself. */
function replyOf({ flow, outcome }: Seen): Sent[] {
  if (outcome.kind !== 'arrived' || flow.protocol !== 'udp') return [];
  return [{ flow: { ...flow, direction: 'back' }, probePacket: replyPacket(flow, outcome.packet) }];
}

async function explain(
  host: LiveHost,
  { flow, probePacket, outcome }: Seen,
  increased: readonly LegacyDrop[],
): Promise<Trial> {
  const legacy = outcome.kind === 'lost' ? increased.filter((drop) => drop.family === flow.path.family) : [];
  const isRouted =
    (outcome.kind === 'lost' && outcome.where === 'routing') ||
    (outcome.kind === 'diverted' && !outcome.translated);
  if (!isRouted) return { flow, outcome, legacy };
  const { inner, outer, source } = flow.path;
  // The kernel routes a reply after NAT has restored its destination.
  const [device, routed] =
    flow.direction === 'out'
      ? [inner.device, probePacket]
      : [outer.device, { ...probePacket, destination: source, destinationPort: flow.port }];
  return { flow, outcome, legacy, route: await lookUpRoute(host.exec, routed, device, outcome.mark) };
}

/** Deletes conntrack entries of the probe, which would last for two minutes. */
async function deleteEntries(host: LiveHost, paths: readonly Path[]): Promise<void> {
  for (const { family, source, target } of paths) {
    const argv = ['conntrack', '-D', '-f', `ipv${family}`, '-s', source, '-d', target];
    await host.exec.run(argv, { timeout: 5000 }).catch(() => undefined);
  }
}
