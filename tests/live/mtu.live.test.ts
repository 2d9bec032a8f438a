/** Packets larger than the MTU of the uplink, and of a hop behind it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import {
  bulk,
  farOf,
  farMtu,
  forgetMtu,
  inside,
  learnedMtu,
  narrowWay,
  sendBulk,
  sendDatagrams,
  uplinkMtu,
} from './big-packets.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

/** Returns whether the setting exists: it is missing without br_netfilter. */
async function filterBridges({ hosts: { node1 } }: World, value: '0' | '1'): Promise<boolean> {
  const path = '/proc/sys/net/bridge/bridge-nf-call-ip6tables';
  if ((await node1.files.read(path)) === undefined) return false;
  await node1.files.overwrite(path, value);
  return true;
}

const file = (mtu: number): string =>
  exampleFile('external', { snat: 'masquerade' }).replace(
    `${addresses.upstream} }`,
    `${addresses.upstream}, mtu: ${mtu} }`,
  );

describe.each([
  [4, 'masquerade'],
  [4, 'none'],
  [6, 'masquerade'],
  [6, 'none'],
] as const)('IPv%i with snat %s', (family, snat) => {
  const near = addressesOf(family).internet;
  const far = farOf(family);
  let world: World;

  beforeAll(async () => {
    world = await createTestWorld({
      engine: 'external',
      families: [family],
      containersRouted: snat === 'none',
    });
    await narrowWay(world, family);
    const { node1, gw1 } = world.hosts;
    // As `plan` warns: with 1, IPv6 fragments would be lost.
    await filterBridges(world, '0');
    const text = exampleFile('external', { snat, families: [family] });
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
    await world.containers.createNetwork(network.name, subnetOf(family));
    await world.containers.start('web', network.name);
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
  });

  beforeEach(async () => {
    await forgetMtu(world, family);
  });

  afterAll(async () => {
    await world?.down();
  });

  it.each([
    ['the uplink', near],
    ['the uplink and a narrower hop behind it', far],
  ])('a connection over %s transfers all bytes in both directions', async (_, to) => {
    expect(await sendBulk(world, to)).toBe(String(bulk));
  });

  it.each([
    ['the uplink', near, uplinkMtu],
    // IPv4 fragments may be fragmented again; no router fragments IPv6.
    ['a narrower hop behind it', far, family === 4 ? uplinkMtu : farMtu],
  ])('datagrams of 1400 bytes arrive over %s: the container learns the path MTU', async (_, to, mtu) => {
    expect(await learnedMtu(world, to)).toBeUndefined();
    expect(await sendDatagrams(world, to)).toBe('1400');
    expect(await learnedMtu(world, to)).toBe(String(mtu));
  });

  it('IPv6 fragments are lost when bridges are filtered, those of IPv4 are not', async () => {
    const filtered = await filterBridges(world, '1');
    expect(await sendDatagrams(world, near)).toBe(filtered && family === 6 ? 'nothing' : '1400');
    await filterBridges(world, '0');
    expect(await sendDatagrams(world, near)).toBe('1400');
  });

  it('an ICMP error from beyond the gateway reaches the container', async () => {
    const said = await inside(world, ['ping', '-M', 'do', '-s', '1320', '-c', '1', '-W', '2', far]);
    const error = family === 4 ? `Frag needed and DF set (mtu = ${farMtu})` : `Packet too big: mtu=${farMtu}`;
    expect(said).toContain(`From ${addressesOf(family).upstream} icmp_seq=1 ${error}`);
  });

  it("without such errors, only packets up to the uplink's MTU arrive, which both ends know", async () => {
    const { gw1 } = world.hosts;
    await gw1.run(['nft', '-f', '-'], {
      input: `table inet silent {
  chain out { type filter hook postrouting priority raw; icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }
}`,
    });
    expect(await sendBulk(world, near)).toBe(String(bulk));
    expect(await sendBulk(world, far)).toBe('nothing more');
    expect(await sendDatagrams(world, far)).toBe('nothing');
    await gw1.run(['nft', 'delete', 'table', 'inet', 'silent']);
    expect(await sendBulk(world, far)).toBe(String(bulk));
  });
});

describe('plan', () => {
  it('warns of packets larger than the MTU, on the node and on the member', async () => {
    const world = await createTestWorld({ engine: 'external' });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, file(uplinkMtu))));
    await world.containers.createNetwork(network.name, network.subnet);
    expect(await mustSucceed(node1, 'plan')).toContain(
      `warning: network ${network.name}: its packets may have 1500 bytes, and the uplink of gateway office takes ${uplinkMtu}`,
    );
    expect(await mustSucceed(gw1, 'plan')).toContain('has mtu 1400, and the device has 1500');
    await node1.run(['ip', 'link', 'set', 'mr0', 'mtu', String(uplinkMtu)]);
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'mtu', String(uplinkMtu)]);
    for (const host of [gw1, node1])
      expect(await mustSucceed(host, 'apply', '--yes')).not.toContain('warning:');
    expect((await mustredirect(node1, 'doctor')).stdout).toContain('nothing found');
    await world.down();
  });
});
