/** Positive control: proves that captures see packets, so that an empty capture means that there are none. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../src/address/cidr.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { eachFamily, families } from './families.ts';
import { whileQuiet } from './sender.ts';
import { watchElsewhere, type Place } from './watch.ts';

/** Number of packets that a capture has seen in one second. */
interface Counted {
  readonly icmp: number;
  readonly udp: number;
  /** new TCP connections */
  readonly connections: number;
  /** packets of the established TCP connection */
  readonly standing: number;
}

/** milliseconds until a container that was started or rerouted sends at its full rate */
const settling = 500;
/** unused MAC address */
const another = '02:00:00:00:00:02';

const internet = eachFamily((family) => addressesOf(family).internet);
const gateway = eachFamily((family) => addressesOf(family).gw1);
const forBoth = (make: (family: Family) => string): string => families.map(make).join('; ');

/** Commands that route packets to each capture, and back. No host replies on a device without a peer. */
const ways: Readonly<Record<Place, readonly [begin: string, end: string]>> = {
  isp: ['true', 'true'],
  gw1: [
    forBoth((family) => `ip route add ${internet[family]} via ${gateway[family]}`),
    forBoth((family) => `ip route del ${internet[family]} via ${gateway[family]}`),
  ],
  node1: [
    `ip link add other0 type veth peer name other1; ip link set other1 up; ip link set other0 up
     ${forBoth((family) => `ip neigh add ${internet[family]} lladdr ${another} dev other0; ip route add ${internet[family]} dev other0`)}`,
    'ip link del other0',
  ],
};

/** Counts for each family. @param world world before apply, with a container that sends */
export async function runControl(
  world: World,
  place: Place,
): Promise<Readonly<Record<Family, Partial<Counted>>>> {
  const { node1, gw1 } = world.hosts;
  const [begin, end] = ways[place];
  const forward = async (value: '0' | '1'): Promise<void> => {
    await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', `${value}\n`);
    await gw1.files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', `${value}\n`);
  };
  await forward('1');
  await node1.run(['sh', '-ec', begin]);
  await sleep(settling);
  const watch = await watchElsewhere(world);
  await sleep(1000);
  const seen = await watch.stop((read) => whileQuiet(node1, read));
  await node1.run(['sh', '-ec', end]);
  await forward('0');
  return eachFamily((family) => {
    const { standing, ...counted } = count(
      seen.elsewhere[place].filter(({ destination }) => destination === internet[family]),
    );
    // Without replies, no connection is established.
    return place === 'node1' ? counted : { ...counted, standing };
  });
}

function count(packets: readonly Packet[]): Counted {
  const of = (protocol: string): readonly Packet[] =>
    packets.filter((packet) => packet.protocol === protocol);
  const byPort = new Map<number, number>();
  for (const { sourcePort = 0 } of of('tcp')) byPort.set(sourcePort, (byPort.get(sourcePort) ?? 0) + 1);
  return {
    icmp: of('icmp').filter(({ linkControl }) => !linkControl).length,
    udp: of('udp').length,
    connections: byPort.size - 1,
    standing: Math.max(0, ...byPort.values()),
  };
}
