/** One capture on all links at once, and one more where the next hop's address must be seen. */
import { type Capture, type Captured, startCapture, stopAll } from '../../host/capture/capture.ts';
import type { Packet } from '../../host/capture/packet.ts';
import type { Background } from '../../host/ports.ts';
import type { Link } from '../../state/facts.ts';

/** A packet, and where it was. */
export interface Sighting extends Packet {
  readonly link: string;
  /** `out`: it left this host there */
  readonly direction: 'in' | 'out';
}

export interface Sightings {
  readonly packets: readonly Sighting[];
  /** packets that the captures had no room for */
  readonly lost: number;
}

/**
 * Captures while `work` is done. A capture on all links tells the links, but not whom a frame was for: the
 * links in `wanted` get one of their own.
 *
 * @param wanted links with neighbours
 */
export async function captureWhile<T>(
  background: Background,
  filter: string,
  links: readonly Link[],
  wanted: readonly string[],
  work: () => Promise<T>,
): Promise<Sightings & { readonly result: T }> {
  const captures = await startAll(background, filter, wanted);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await Promise.allSettled(captures.map((capture) => capture.stop()));
    throw error;
  }
  return { ...sightingsOf(await stopAll(captures), links, wanted), result };
}

async function startAll(
  background: Background,
  filter: string,
  wanted: readonly string[],
): Promise<Capture[]> {
  const started = await Promise.allSettled([
    startCapture(background, { device: 'any', filter }),
    ...wanted.map((device) => startCapture(background, { device, filter, outgoing: true })),
  ]);
  const captures = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (!failed) return captures;
  await Promise.allSettled(captures.map((capture) => capture.stop()));
  throw failed.reason;
}

/** What left by a wanted link is in two captures: the one that tells more is taken. */
export function sightingsOf(
  [all, ...single]: readonly Captured[],
  links: readonly Link[],
  wanted: readonly string[],
): Sightings {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const anywhere = (all?.packets ?? [])
    // A link that has come meanwhile has no name yet, and is none of the right ones.
    .map((packet) => ({ direction: 'in' as const, ...packet, link: nameOf(names, packet) }))
    .filter(({ direction, link }) => !(direction === 'out' && wanted.includes(link)));
  const onLinks = wanted.flatMap((link, i) =>
    (single[i]?.packets ?? []).map((packet) => ({ ...packet, link, direction: 'out' as const })),
  );
  const lost = [all, ...single].reduce((sum, captured) => sum + (captured?.lost ?? 0), 0);
  return { packets: [...anywhere, ...onLinks], lost };
}

function nameOf(names: ReadonlyMap<number, string>, { linkIndex = 0 }: Packet): string {
  return names.get(linkIndex) ?? `link ${linkIndex}`;
}
