/** Packets of a container that leave by another way than its gateway. */
import { families } from '../../../src/address/cidr.ts';
import { addressesOf, network } from '../../../src/lab/layout.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import type { RoutingWorld } from './world.ts';

/**
 * Sends from a container while something happens, and counts packets that leave by the isp instead.
 *
 * @param work called with a function that returns these packets so far
 */
export async function leaksDuring(
  world: RoutingWorld,
  work: (soFar: () => Promise<readonly Packet[]>) => Promise<void>,
): Promise<number> {
  // The switch floods what goes to a gateway whose port is down: that is for the gateway still.
  const mac = (await world.hosts.isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const flows = families
    .flatMap((family) => [
      `host ${addressesOf(family).internet}`,
      `net ${family === 4 ? network.subnet : network.subnet6}`,
    ])
    .join(' or ');
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and (${flows})`);
  const sender = await world.hosts.node1.background.start([
    'ip',
    'netns',
    'exec',
    'web',
    'sh',
    '-c',
    `trap 'kill 0' EXIT; ping -i 0.05 ${addressesOf(4).internet} & ping -6 -i 0.05 ${addressesOf(6).internet} & cat`,
  ]);
  try {
    await work(() => capture.packets());
  } finally {
    await sender.stop();
  }
  return (await capture.stop()).length;
}
