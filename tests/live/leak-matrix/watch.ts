/**
 * Captures on all links where a packet of the redirected network must not be. The lab's wrong path shares eth0 with the
 * declared one, so on the LAN the frame's destination decides: the MAC address of the gateway or of the node is the
 * declared path, any other one, such as the isp's, is not.
 */
import { type Family, familyOf } from '../../../src/address/cidr.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import type { Capture } from '../../../src/lab/capture.ts';
import { addressesOf, subnetOf, type HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';

export const places = ['isp', 'gw1', 'node1'] as const;
export type Place = (typeof places)[number];

export interface Seen {
  /** packets on links that are not the declared path */
  readonly elsewhere: Readonly<Record<Place, readonly Packet[]>>;
  /** packets on the uplink with another source than the declared one */
  readonly untranslated: readonly Packet[];
}

export interface Watch {
  /** @param quiet stops all senders meanwhile: a capture is complete only without traffic */
  stop(quiet: (read: () => Promise<void>) => Promise<void>): Promise<Seen>;
}

export async function watchElsewhere(world: World): Promise<Watch> {
  const [uplink, gatewayLan, nodeLan] = await Promise.all([
    linkOf(world, 'gw1', 'uplink0'),
    linkOf(world, 'gw1', 'eth0'),
    linkOf(world, 'node1', 'eth0'),
  ]);
  const captures = await startCaptures(world, { uplink, gatewayLan, nodeLan });
  return {
    async stop(quiet) {
      let packets: readonly (readonly Packet[])[] = [];
      await quiet(async () => {
        packets = await Promise.all(captures.map((capture) => capture.stop()));
      });
      const [isp = [], gateway = [], node1 = []] = packets.map((some) => some.filter(wasForwarded));
      const isUplink = ({ linkIndex }: Packet): boolean => linkIndex === uplink.ifindex;
      return {
        elsewhere: { isp, gw1: gateway.filter((packet) => !isUplink(packet)), node1 },
        untranslated: gateway.filter(isUplink),
      };
    },
  };
}

/** Initial TTL of senders and responders, the default of Linux. */
const firstTtl = 64;

/** Packets with the initial TTL are from the host itself: a reset or an ICMP error for unexpected replies. */
function wasForwarded({ ttl, linkControl }: Packet): boolean {
  return ttl < firstTtl && !linkControl;
}

/** One line for each sort of packet, for messages; empty without packets. */
export function listSeen({ elsewhere, untranslated }: Seen): readonly string[] {
  const found = Object.entries({ ...elsewhere, 'uplink0, untranslated': untranslated });
  return found.flatMap(([place, packets]) => {
    const sorts = new Map<string, number>();
    for (const { protocol, source, destination, ttl } of packets) {
      const sort = `${protocol} ${source} > ${destination} ttl ${ttl}`;
      sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
    }
    return [...sorts].map(([sort, count]) => `${place}: ${sort}, ${count} packets`);
  });
}

export function countElsewhere({ elsewhere }: Seen, family: Family): number {
  return places.flatMap((place) => elsewhere[place].filter((packet) => isOf(packet, family))).length;
}

/** Whether packets of a family left by the uplink with their own address. */
export function leftUntranslated({ untranslated }: Seen, family: Family): boolean {
  return untranslated.some((packet) => isOf(packet, family));
}

function isOf({ destination }: Packet, family: Family): boolean {
  return familyOf(destination) === family;
}

type Links = Readonly<Record<'uplink' | 'gatewayLan' | 'nodeLan', Link>>;

function startCaptures(world: World, { uplink, gatewayLan, nodeLan }: Links): Promise<Capture[]> {
  const either = (make: (family: Family) => string): string => `(${world.families.map(make).join(' or ')})`;
  const outside = either((family) => `host ${addressesOf(family).internet} or net ${subnetOf(family)}`);
  const declared = `(ether dst ${gatewayLan.address} or ether dst ${nodeLan.address})`;
  const outwards = `outbound and ${either((family) => `dst host ${addressesOf(family).internet}`)}`;
  const translated = either((family) => `src host ${addressesOf(family).uplink}`);
  return Promise.all([
    // The switch floods frames to a host that is down: those are not addressed to the isp.
    world.capture('isp', 'eth0', `${outside} and not ${declared}`),
    // Captures all devices: a capture on a single device ends when it goes down.
    world.capture('gw1', 'any', `${outwards} and not (ifindex ${uplink.ifindex} and ${translated})`),
    world.capture('node1', 'any', `${outwards} and not ifindex ${nodeLan.ifindex}`),
  ]);
}

interface Link {
  readonly ifindex: number;
  readonly address: string;
}

async function linkOf({ hosts }: World, host: HostName, device: string): Promise<Link> {
  const [link] = JSON.parse(await hosts[host].run(['ip', '-j', 'link', 'show', 'dev', device])) as Link[];
  if (!link) throw new Error(`${host}: no ${device}`);
  return link;
}
