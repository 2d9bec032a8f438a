/** Sorts the packets of the containers by the way that they took. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';
import { type Link, families, links, senders } from './network.ts';

/** Numbers of packets at a moment. */
export type Moment = Readonly<Record<Link, number>>;

export const powerOnMoment: Moment = { lan0: 0, wan0: 0 };

export function momentOf(machine: Machine): Moment {
  return { lan0: machine.packets('lan0').length, wan0: machine.packets('wan0').length };
}

export interface Seen {
  /** packets that left by another way than the gateway: container, family, protocol, link */
  readonly elsewhere: readonly string[];
  /** containers and families that got an answer through the gateway */
  readonly redirected: readonly string[];
}

/** What all containers do in both families: each sends to addresses of its own. */
export const everySender: readonly string[] = Object.keys(senders)
  .flatMap((sender) => families.map((family) => `${sender}, IPv${family}`))
  .toSorted();

/** @param gatewayMac MAC address of the gateway on the LAN */
export function seenSince(machine: Machine, since: Moment, gatewayMac: string): Seen {
  const lan = machine.packets('lan0').slice(since.lan0);
  const wan = machine.packets('wan0').slice(since.wan0);
  const elsewhere = [
    ...lan
      .filter((packet) => leaves(packet, 'lan0') && packet.toMac !== gatewayMac)
      .map((packet) => describe(packet, 'lan0')),
    ...wan.filter((packet) => leaves(packet, 'wan0')).map((packet) => describe(packet, 'wan0')),
  ];
  const answered = lan.filter(({ source, destination }) => isInternet(source) && isContainer(destination));
  return { elsewhere, redirected: distinct(answered.map((packet) => senderOf(packet.source))) };
}

/** @param elsewhere of what was seen */
export function sendersOf(elsewhere: readonly string[]): readonly string[] {
  return distinct(elsewhere.map((text) => senderOf(text.split(' > ')[1] ?? '')));
}

/** Waits until packets of containers have left elsewhere. */
export async function untilElsewhere(
  machine: Machine,
  gatewayMac: string,
  wanted: readonly string[],
  timeout: number,
): Promise<void> {
  const all = (): boolean => {
    const found = sendersOf(seenSince(machine, powerOnMoment, gatewayMac).elsewhere);
    return wanted.every((sender) => found.includes(sender));
  };
  await until(all, timeout);
}

/** Waits until containers got answers through the gateway. @param wanted as in `redirected` */
export async function untilRedirected(
  machine: Machine,
  since: Moment,
  gatewayMac: string,
  wanted: readonly string[],
  timeout: number,
): Promise<void> {
  const all = (): boolean => {
    const { redirected } = seenSince(machine, since, gatewayMac);
    return wanted.every((sender) => redirected.includes(sender));
  };
  await until(all, timeout);
}

async function until(holds: () => boolean, timeout: number): Promise<void> {
  const deadline = performance.now() + timeout;
  // Reading all packets takes a while.
  while (!holds() && performance.now() < deadline) await sleep(500);
}

/** Whether the machine sends a packet of a container, whatever became of its source address. */
function leaves({ source, destination, toMac }: Packet, link: Link): boolean {
  return toMac !== links[link].mac && (isContainer(source) || isInternet(destination));
}

function isContainer(address: string): boolean {
  return /^(10\.89\.[45]\.|2001:db8:89:[45]:)/.test(address);
}

function isInternet(address: string): boolean {
  return /^(203\.0\.113\.|2001:db8:113:)/.test(address);
}

function describe({ source, destination, protocol }: Packet, link: Link): string {
  return `${link}: ${protocol} ${source} > ${destination}`;
}

/** @param address internet address that the container sends to */
function senderOf(address: string): string {
  const last = /(\d+)$/.exec(address)?.[1];
  const name = Object.entries(senders).find(([, number]) => String(number) === last)?.[0] ?? address;
  return `${name}, IPv${familyOf(address) satisfies Family}`;
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
