/** The recipe of DESIGN 1, as somebody would type it on two hosts: what mustredirect is measured against. */
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';

/** Creates the network and redirects it, while nothing is attached to it. */
export async function redirectByHand(world: World): Promise<void> {
  const { node1, gw1 } = world.hosts;
  await world.containers.createNetwork(network.name, network.subnet);
  await stopMasquerade(world);
  for (const command of [
    `iptables -t raw -A PREROUTING -s ${network.subnet} -j MARK --set-mark 0x888`,
    'ip rule add fwmark 0x888 lookup 0x888',
    `ip route add default via ${addresses.gw1} table 0x888`,
  ]) {
    await node1.run(command.split(' '));
  }
  await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1');
  for (const command of [
    `ip route add ${network.subnet} via ${addresses.node1}`,
    `ip rule add from ${network.subnet} lookup 0x888`,
    `ip route add default via ${addresses.upstream} dev uplink0 table 0x888`,
    'iptables -t nat -A POSTROUTING -o uplink0 -j MASQUERADE',
  ]) {
    await gw1.run(command.split(' '));
  }
}

/** What by hand is possible with some engines only: not with netavark. */
async function stopMasquerade({ hosts: { node1 }, engine }: World): Promise<void> {
  switch (engine.engine) {
    case 'podman-cni': {
      const conflist = `/etc/cni/net.d/${network.name}.conflist`;
      const content = (await node1.files.read(conflist)) ?? '';
      return node1.files.replace(conflist, content.replace('"ipMasq": true', '"ipMasq": false'));
    }
    case 'external':
      await node1.run(['nft', 'delete', 'table', 'ip', 'lab-mr0']);
      return;
    case 'podman-netavark':
      throw new Error('netavark masquerades always');
  }
}
