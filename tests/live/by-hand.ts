/** Recipe of DESIGN 1, as commands on two hosts: the reference for mustredirect. */
import type { Family } from '../../src/address/cidr.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';

/** Creates the network and redirects it, before any container is attached. */
export async function redirectByHand(world: World): Promise<void> {
  await world.containers.createNetwork(network.name, ...world.families.map(subnetOf));
  for (const family of world.families) await redirectFamily(world, family);
}

async function redirectFamily(world: World, family: Family): Promise<void> {
  const { node1, gw1 } = world.hosts;
  const addresses = addressesOf(family);
  const subnet = subnetOf(family);
  const [ip, iptables] = family === 4 ? ['ip', 'iptables'] : ['ip -6', 'ip6tables'];
  await stopMasquerade(world, family);
  await runAll(node1, [
    `${iptables} -t raw -A PREROUTING -s ${subnet} -j MARK --set-mark 0x888`,
    `${ip} rule add fwmark 0x888 lookup 0x888`,
    `${ip} route add default via ${addresses.gw1} table 0x888`,
  ]);
  await runAll(gw1, [
    `sysctl -qw net.${family === 4 ? 'ipv4.ip_forward' : 'ipv6.conf.all.forwarding'}=1`,
    `${ip} route add ${subnet} via ${addresses.node1}`,
    `${ip} rule add from ${subnet} lookup 0x888`,
    `${ip} route add default via ${addresses.upstream} dev uplink0 table 0x888`,
    `${iptables} -t nat -A POSTROUTING -o uplink0 -j MASQUERADE`,
  ]);
}

async function runAll(host: TestHost, commands: readonly string[]): Promise<void> {
  for (const command of commands) await host.run(command.split(' '));
}

/** Disables masquerade, which is possible with some engines only: netavark has no setting. */
async function stopMasquerade({ hosts: { node1 }, engine }: World, family: Family): Promise<void> {
  switch (engine.engine) {
    case 'podman-cni': {
      const conflist = `/etc/cni/net.d/${network.name}.conflist`;
      const content = (await node1.files.read(conflist)) ?? '';
      return node1.files.replace(conflist, content.replace('"ipMasq": true', '"ipMasq": false'));
    }
    case 'docker': {
      const option = 'com.docker.network.bridge.enable_ip_masquerade=false';
      await node1.run(['docker', 'network', 'rm', network.name]);
      const create = ['docker', 'network', 'create', '--subnet', network.subnet, '--opt', option];
      await node1.run([...create, network.name]);
      return;
    }
    case 'external':
      await node1.run(['nft', 'delete', 'table', family === 4 ? 'ip' : 'ip6', 'lab-mr0']);
      return;
    case 'podman-netavark':
      throw new Error('netavark masquerades always');
  }
}
