/** Sends all crafted packets, and says which of them were seen where. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressesOf } from '../../../src/lab/layout.ts';
import { captureIds } from './capture.ts';
import { marker } from './marker.ts';
import type { Crafted } from './packets.ts';
import { type Place, places } from './places.ts';
import { more, sceneOf } from './scene.ts';
import { sendFrames } from './sender.ts';
import { beginFlows, families, forgetStations, type HostileWorld } from './world.ts';

/** the numbers of the packets that were seen at each place, and by another container of the same network */
export type Seen = Readonly<Record<Place | 'inside', ReadonlySet<number>>>;

/** milliseconds after the last packet: answers and errors come at once, and the kernel tries neighbours once a second */
const patience = 1200;

async function watch({ points, inside }: HostileWorld, act: () => Promise<void>): Promise<Seen> {
  const captures = await Promise.all([...places.map((place) => points[place]), inside].map(captureIds));
  await act();
  await sleep(patience);
  const ids = await Promise.all(captures.map((capture) => capture.stop()));
  const keys = [...places, 'inside'] as const;
  return Object.fromEntries(keys.map((key, index) => [key, ids[index] ?? new Set()])) as unknown as Seen;
}

export async function runPackets(hostile: HostileWorld, packets: readonly Crafted[]): Promise<Seen> {
  await forgetStations(hostile);
  await beginFlows(hostile);
  const frames = packets.flatMap((packet) => packet.frames);
  return watch(hostile, async () => {
    const sent = await sendFrames(hostile.hosts.node1, hostile.container, frames);
    if (sent !== frames.length)
      throw new Error(`${frames.length - sent} of ${frames.length} frames were refused`);
  });
}

/** What controls are marked with: one for each family. */
export const controlIds = { 4: 0xfff4, 6: 0xfff6 } as const;

/** Lets hosts that may do so send a marked datagram by each way. */
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
