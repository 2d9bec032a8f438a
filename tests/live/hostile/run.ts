/** Sends all crafted packets, and returns where each was seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressesOf } from '../../../src/lab/layout.ts';
import { captureIds } from './capture.ts';
import { marker } from './marker.ts';
import { craftPackets, type Crafted } from './packets.ts';
import { type Place, places } from './places.ts';
import { more, sceneOf } from './scene.ts';
import { sendFrames } from './sender.ts';
import { beginFlows, families, forgetStations, type HostileWorld } from './world.ts';

/** numbers of the packets that were seen at each place, and by another container of the same network */
export type Seen = Readonly<Record<Place | 'inside', ReadonlySet<number>>>;

/** milliseconds after the last packet: replies come at once, errors about fragments after a second */
const patience = 1500;

async function watch({ points, inside }: HostileWorld, act: () => Promise<void>): Promise<Seen> {
  const captures = await Promise.all([...places.map((place) => points[place]), inside].map(captureIds));
  await act();
  await sleep(patience);
  const ids = await Promise.all(captures.map((capture) => capture.stop()));
  return mapSeen((_, index) => ids[index] ?? new Set());
}

function mapSeen(make: (place: keyof Seen, index: number) => ReadonlySet<number>): Seen {
  const keys = [...places, 'inside'] as const;
  return Object.fromEntries(keys.map((key, index) => [key, make(key, index)])) as unknown as Seen;
}

/** Larger than the number of packets, so that late packets of one run have other numbers than those of the next. */
const perRun = 2000;

/**
 * Sends the selected packets for the given time in this world.
 * @returns their numbers, which are the same in every run
 */
export async function runPackets(
  hostile: HostileWorld,
  run: number,
  isChosen: (packet: Crafted) => boolean = () => true,
): Promise<Seen> {
  await forgetStations(hostile);
  await beginFlows(hostile);
  const before = run * perRun;
  const packets = craftPackets(families, hostile.macs, 1 + before);
  const frames = packets.filter(isChosen).flatMap((packet) => packet.frames);
  const seen = await watch(hostile, async () => {
    const sent = await sendFrames(hostile.hosts.node1, hostile.container, frames);
    if (sent !== frames.length)
      throw new Error(`${frames.length - sent} of ${frames.length} frames were refused`);
  });
  const numbers = (ids: ReadonlySet<number>): ReadonlySet<number> =>
    new Set([...ids].map((id) => id - before).filter((id) => id >= 1 && id <= packets.length));
  return mapSeen((place) => numbers(seen[place]));
}

/** Marker numbers of control packets, one for each family. */
export const controlIds = { 4: 0xfff4, 6: 0xfff6 } as const;

/** Sends a marked datagram from hosts that are allowed to, on each path. */
export async function runControls(hostile: HostileWorld): Promise<Seen> {
  const { node1, gw1, gw2 } = hostile.hosts;
  return watch(hostile, async () => {
    for (const family of families) {
      const {
        near,
        post,
        plain,
        isp,
        gateway,
        neighbour,
        'same network': inside,
      } = sceneOf(family).addresses;
      const ways = [
        ...[near, post, plain, isp, gateway, neighbour, inside, more[family].gw2].map(
          (to) => [node1, to] as const,
        ),
        [gw1, addressesOf(family).upstream] as const,
        [gw2, more[family].upstream2] as const,
      ];
      const text = marker(controlIds[family]).toString('latin1');
      for (const [host, to] of ways) {
        await host.run(['bash', '-c', 'printf %s "$1" >"/dev/udp/$0/9"', to, text]);
      }
    }
  });
}
