/** Capture on all links, and one more on each link where the next hop's MAC address is needed. */
import { type Capture, type Captured, startCapture, stopAll } from '../../host/capture/capture.ts';
import type { Packet } from '../../host/capture/packet.ts';
import type { Background } from '../../host/ports.ts';
import type { Link } from '../../state/facts.ts';

/** Packet, and the link that carried it. */
export interface CapturedPacket extends Packet {
  readonly link: string;
  /** `out`: the packet left this host by the link */
  readonly direction: 'in' | 'out';
}

export interface CapturedPackets {
  readonly packets: readonly CapturedPacket[];
  /** packets that the captures lost */
  readonly lost: number;
}

/**
 * Captures while `work` runs. A capture on all links tells the link of a packet but not its destination MAC address:
 * each link with a next hop gets a capture of its own.
 *
 * @param wanted links with neighbours
 */
export async function captureWhile<T>(
  background: Background,
  filter: string,
  links: readonly Link[],
  nextHopLinks: readonly string[],
  work: () => Promise<T>,
): Promise<CapturedPackets & { readonly result: T }> {
  const captures = await startAll(background, filter, nextHopLinks);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await Promise.allSettled(captures.map((capture) => capture.stop()));
    throw error;
  }
  return { ...mergeCaptures(await stopAll(captures), links, nextHopLinks), result };
}

async function startAll(
  background: Background,
  filter: string,
  nextHopLinks: readonly string[],
): Promise<Capture[]> {
  const started = await Promise.allSettled([
    startCapture(background, { device: 'any', filter }),
    ...nextHopLinks.map((device) => startCapture(background, { device, filter, outgoing: true })),
  ]);
  const captures = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (!failed) return captures;
  await Promise.allSettled(captures.map((capture) => capture.stop()));
  throw failed.reason;
}

/** Packets on a link with a next hop are in two captures: the link's own is used, since it has the MAC address. */
export function mergeCaptures(
  [all, ...single]: readonly Captured[],
  links: readonly Link[],
  nextHopLinks: readonly string[],
): CapturedPackets {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const anywhere = (all?.packets ?? [])
    // The name of a link created meanwhile is unknown; such a link cannot have a capture of its own.
    .map((packet) => ({ direction: 'in' as const, ...packet, link: nameOf(names, packet) }))
    .filter(({ direction, link }) => !(direction === 'out' && nextHopLinks.includes(link)));
  const onLinks = nextHopLinks.flatMap((link, i) =>
    (single[i]?.packets ?? []).map((packet) => ({ ...packet, link, direction: 'out' as const })),
  );
  const lost = [all, ...single].reduce((sum, captured) => sum + (captured?.lost ?? 0), 0);
  return { packets: [...anywhere, ...onLinks], lost };
}

function nameOf(names: ReadonlyMap<number, string>, { linkIndex = 0 }: Packet): string {
  return names.get(linkIndex) ?? `link ${linkIndex}`;
}
