/** Foreign rule that leads redirected packets to a default route without a next hop: no packet leaves by it. */
import { afterEach, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { noteOtherWay } from './leak-matrix/other-ways-section.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

afterEach(() => world?.down());

const post = { 4: '10.89.5.0/24', 6: '2001:db8:89:5::/64' } as const;

/** Creates a tunnel, which needs no next hop. */
async function makeTunnel(host: TestHost, family: 4 | 6): Promise<void> {
  const lines = [
    'link add tun9 type veth peer name tun9-end',
    'link set tun9 arp off up',
    'link set tun9-end up',
    'route add default dev tun9 table 77',
  ];
  await host.run(['ip', `-${family}`, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

describe.each([4, 6] as const)('a foreign rule to a table with `default dev tun9`, IPv%i', (family) => {
  const subnet = subnetOf(family);
  const addresses = addressesOf(family);
  const rule = ['ip', `-${family}`, 'rule'];
  const which = ['from', subnet, 'lookup', '77', 'pref', '100'];

  /** Whether a container's pings are answered, and whether they enter the tunnel of a host. */
  async function ping(host: 'node1' | 'gw1', to: string): Promise<{ answered: boolean; inTunnel: boolean }> {
    const capture = await world.capture(host, 'tun9-end', `dst host ${to}`);
    const argv = ['ping', '-c', '2', '-i', '0.2', '-W', '1', to];
    const answered = (await world.containers.run('web', argv)).exitCode === 0;
    return { answered, inTunnel: (await capture.stop()).length > 0 };
  }

  const right = { answered: true, inTunnel: false };
  const stopped = { answered: false, inTunnel: false };
  const leaked = { answered: false, inTunnel: true };

  async function build(): Promise<string> {
    world = await createTestWorld({ engine: 'external', families: [family] });
    const { node1, gw1 } = world.hosts;
    const another = `  post:\n    engine: external\n    subnets: { node1: ${post[family]} }\n    via: office\n`;
    const text = exampleFile('external', { families: [family] }).replace(
      '\ngateways:',
      `${another}\ngateways:`,
    );
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
    await world.containers.createNetwork(network.name, subnet);
    await world.containers.createNetwork('post', post[family]);
    await world.containers.start('web', network.name);
    return world.containers.start('other', 'post');
  }

  it('diverts no packet on a node, for any destination', async () => {
    const other = await build();
    const { node1, gw1 } = world.hosts;
    await makeTunnel(node1, family);
    const destinations = [addresses.gw1, other, addresses.internet];
    const all = async () => {
      const found = [];
      for (const to of destinations) found.push(await ping('node1', to));
      return found;
    };
    // Control: without our objects, all packets enter the tunnel.
    await node1.run([...rule, 'add', ...which]);
    expect(await all()).toEqual([leaked, leaked, leaked]);
    await node1.run([...rule, 'delete', ...which]);
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    expect(await all()).toEqual([right, right, right]);
    await node1.run([...rule, 'add', ...which]);
    expect(await all()).toEqual([stopped, stopped, stopped]);
    await node1.run([...rule, 'delete', ...which]);
    expect(await all()).toEqual([right, right, right]);
    await noteOtherWay({
      what: `a foreign rule to \`default dev tun9\` on a node, IPv${family}: to the gateway, another network, outside`,
      control: 'packets in tun9, of all three',
      applied: '0 in tun9',
    });
  });

  it('diverts no packet on a gateway, including packets to its next hop', async () => {
    await build();
    const { node1, gw1 } = world.hosts;
    await makeTunnel(gw1, family);
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    expect(await ping('gw1', addresses.upstream)).toEqual(right);
    await gw1.run([...rule, 'add', ...which]);
    expect(await ping('gw1', addresses.upstream)).toEqual(stopped);
    // Control: without our guard.
    await gw1.run(['nft', 'delete', 'chain', 'inet', 'mustredirect', 'forward']);
    expect(await ping('gw1', addresses.upstream)).toEqual(leaked);
    await noteOtherWay({
      what: `a foreign rule to \`default dev tun9\` on a gateway, IPv${family}: to its next hop`,
      control: 'packets in tun9',
      applied: '0 in tun9',
    });
  });
});
