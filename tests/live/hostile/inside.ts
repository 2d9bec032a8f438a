/** Packets that the bridge of a network carries between its own containers, which are not leaks. */
import { mustSucceed } from '../program.ts';
import { macBytes } from './bytes.ts';
import type { Crafted, LinkAddresses } from './packets.ts';
import type { Seen } from './run.ts';
import { isOwnSource } from './places.ts';
import type { HostileWorld } from './world.ts';

/** Whether no frame is addressed to the host alone: to another container, to all, or to an unknown station. */
export function isBridged({ frames }: Crafted, { bridge }: LinkAddresses): boolean {
  return frames.every((frame) => !frame.subarray(0, 6).equals(macBytes(bridge)));
}

/** Whether the source belongs to the network, or is one that a link needs. */
export function isHonest({ source }: Crafted): boolean {
  return isOwnSource(source) || source === 'unspecified' || source === 'link-local';
}

/** Names of packets that another container received before, but not now. */
export function cutInside(packets: readonly Crafted[], before: Seen, after: Seen): readonly string[] {
  const cut = packets.filter(({ id }) => before.inside.has(id) && !after.inside.has(id));
  return cut.map(({ name }) => name);
}

/** Number of packets that the host reports as dropped. */
export async function countStopped({ hosts: { node1 } }: HostileWorld): Promise<number> {
  const { networks } = JSON.parse(await mustSucceed(node1, 'status', '--json')) as {
    networks: readonly { dropped: number; spoofed?: number }[];
  };
  return networks.reduce((sum, { dropped: stopped, spoofed = 0 }) => sum + stopped + spoofed, 0);
}
