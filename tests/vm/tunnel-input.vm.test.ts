/** A container that sends encapsulated packets to a tunnel of its node: what is inside would leave by the node's own way. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstUsable } from '../../src/address/cidr.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { mustSucceed } from '../live/program.ts';
import { createTestWorld } from '../live/test-world.ts';

/** Beyond the tunnel; nobody has it. */
const beyond = '203.0.113.99';

/** The tunnel of the node takes packets from everybody. Both ends, as arguments of `ip link add`. */
const tunnels = [
  { name: 'GRE', type: 'gre', more: '' },
  { name: 'GRE with a key', type: 'gre', more: 'key 7' },
  { name: 'IP in IP', type: 'ipip', more: '' },
  { name: 'VXLAN', type: 'vxlan', more: 'id 7 dstport 4789' },
] as const;

let world: World;

beforeAll(async () => {
  // Modules bring devices that stay, such as gre0.
  for (const module of ['ip_gre', 'ipip', 'vxlan']) await thisMachine().exec.run(['modprobe', module]);
  world = await createTestWorld({ engine: 'external' });
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('external'))));
  await world.containers.createNetwork(network.name, network.subnet);
  await world.containers.start('web', network.name);
});
afterAll(() => world?.down());

/** @returns packets at the isp, and what the node has decapsulated */
async function sendInto({ type, more }: (typeof tunnels)[number]): Promise<{ isp: number; inside: number }> {
  const { node1 } = world.hosts;
  const [web = ''] = await world.containers.addresses('web', network.name);
  const bridge = firstUsable(network.subnet);
  const [near, far] =
    type === 'vxlan'
      ? [`type vxlan local ${bridge} ${more}`, `type vxlan local ${web} remote ${bridge} ${more}`]
      : [
          `type ${type} local ${bridge} remote any ${more}`,
          `type ${type} local ${web} remote ${bridge} ${more}`,
        ];
  const capture = await world.capture('isp', 'eth0', `dst host ${beyond}`);
  await node1.run([
    'sh',
    '-ec',
    `ip link add theirs ${near}
ip address add 10.66.0.1/24 dev theirs
ip link set theirs up
sysctl -qw net.ipv4.conf.theirs.forwarding=1 net.ipv4.conf.theirs.rp_filter=0
ip -n web link add inner ${far}
ip -n web address add 10.66.0.2/24 dev inner
ip -n web link set inner up
ip -n web route add ${beyond} ${type === 'vxlan' ? 'via 10.66.0.1 ' : ''}dev inner
ip netns exec web ping -c 5 -i 0.2 -W 1 ${beyond} || :`,
  ]);
  const inside = Number(await node1.run(['cat', '/sys/class/net/theirs/statistics/rx_packets']));
  await node1.run(['sh', '-ec', 'ip -n web link delete inner; ip link delete theirs']);
  return { isp: (await capture.stop()).length, inside };
}

describe(`kernel ${release()}`, () => {
  it.each(tunnels)('control: before apply, the isp sees what comes out of $name', async (tunnel) => {
    const { isp, inside } = await sendInto(tunnel);
    expect(inside).toBeGreaterThan(0);
    expect(isp).toBeGreaterThan(0);
  });

  it('is redirected by apply', async () => {
    const { gw1, node1 } = world.hosts;
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    expect(await mustSucceed(node1, 'plan')).toContain('nothing to do');
  });

  it.each(tunnels)('nothing comes out of $name then', async (tunnel) => {
    expect(await sendInto(tunnel)).toEqual({ isp: 0, inside: 0 });
  });
});
