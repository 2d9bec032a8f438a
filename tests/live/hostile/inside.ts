/** What the bridge of a network carries between its own containers: it is nobody else's, and none of it is a leak. */
import { mustSucceed } from '../program.ts';
import { macBytes } from './bytes.ts';
import type { Crafted, LinkAddresses } from './packets.ts';
import type { Seen } from './run.ts';
import { isOwnSource } from './places.ts';
import type { HostileWorld } from './world.ts';

/** Sent to another container, or to all of them, or to nobody that the bridge knows: none of the frames is for the host alone. */
export function isBridged({ frames }: Crafted, { bridge }: LinkAddresses): boolean {
  return frames.every((frame) => !frame.subarray(0, 6).equals(macBytes(bridge)));
}

/** With a source that is the network's own, or one that a link needs. */
export function isHonest({ source }: Crafted): boolean {
  return isOwnSource(source) || source === 'unspecified' || source === 'link-local';
}

/** The names of those that another container got before, and does not get now. */
export function cutInside(packets: readonly Crafted[], before: Seen, after: Seen): readonly string[] {
  const cut = packets.filter(({ id }) => before.inside.has(id) && !after.inside.has(id));
  return cut.map(({ name }) => name);
}

/** How many packets the host says that it has stopped. */
export async function countStopped({ hosts: { node1 } }: HostileWorld): Promise<number> {
  const { networks } = JSON.parse(await mustSucceed(node1, 'status', '--json')) as {
    networks: readonly { dropped: number; spoofed?: number }[];
  };
  return networks.reduce((sum, { dropped: stopped, spoofed = 0 }) => sum + stopped + spoofed, 0);
}
