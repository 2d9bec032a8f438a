/** Sessions of our BIRD, and packets that are lost while something changes. */
import { families } from '../../../src/address/cidr.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { type RoutingWorld, birdc } from './world.ts';

/** Name of each protocol with neighbours that is up -> since when, in milliseconds. */
export async function sessionsSince(host: TestHost): Promise<Record<string, number>> {
  const rows = (await birdc(host, 'show', 'protocols')).matchAll(
    /^(\S+) +(?:BGP|OSPF) +\S+ +up +(\S+) +(?:Established|Running)/gm,
  );
  return Object.fromEntries([...rows].map(([, name = '', since = '']) => [name, millisecondsOf(since)]));
}

/** When BIRD began, and when it was last told to change, in milliseconds. */
export async function birdSince(host: TestHost): Promise<{ boot: number; configured: number }> {
  const text = await birdc(host, 'show', 'status');
  const [boot = 0, configured = 0] = ['reboot', 'reconfiguration'].map((what) =>
    millisecondsOf(new RegExp(`Last ${what} on \\S+ (.*)`).exec(text)?.[1] ?? ''),
  );
  return { boot, configured };
}

function millisecondsOf(clock: string): number {
  return Date.parse(`1970-01-01T${clock}Z`);
}

/** BIRD converts times each time it prints them, and rounds in between. */
export function isSame(a: number, b: number | undefined): boolean {
  return b !== undefined && Math.abs(a - b) < 100;
}

/** Pings a hundred times a second in both families until its input ends. */
const pinging = `${families
  .map((family) => `ping -n -i 0.01 ${addressesOf(family).internet} >/run/ping${family} & pids="$pids $!"; `)
  .join('')}cat; kill -INT $pids; wait`;

/** Database descriptions are sent when two routers of OSPF meet, and at no other time. */
const adjacency = '(ip proto 89 and ip[21] = 2) or (ip6 proto 89 and ip6[41] = 2)';

/** Packets without an answer in both families, and packets with which routers of OSPF begin an adjacency. */
export async function lostDuring(
  { hosts: { node1 }, capture }: Pick<RoutingWorld, 'hosts' | 'capture'>,
  work: () => Promise<unknown>,
): Promise<{ lost: number; adjacencies: number }> {
  const meeting = await capture('node1', 'eth0', adjacency);
  const sender = await node1.background.start(['ip', 'netns', 'exec', 'web', 'sh', '-c', pinging]);
  await work();
  await sender.stop();
  const counts = await Promise.all(
    families.map(async (family) => lostIn(await node1.run(['cat', `/run/ping${family}`]))),
  );
  return {
    lost: counts.reduce((sum, one) => sum + one, 0),
    adjacencies: (await meeting.stop()).length,
  };
}

/** Answers that are missing before the last one. */
function lostIn(printed: string): number {
  const sequence = [...printed.matchAll(/ (?:icmp_)?seq=(\d+) /g)].map(([, number]) => Number(number));
  if (sequence.length < 20) throw new Error(`hardly an answer:\n${printed.slice(0, 2000)}`);
  return (sequence.at(-1) ?? 0) - new Set(sequence).size;
}
