/** Configurations that `render` prints for routers without mustredirect, run by a real FRR and a real BIRD. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { addressesOf, subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed } from './program.ts';
import { showBird, startBird, stopBird } from './routing/bird.ts';
import { show, startFrr, stopFrr } from './routing/frr.ts';
import {
  type RoutingWorld,
  createRoutingWorld,
  learnedDefault,
  waitFor,
  writeFile,
} from './routing/world.ts';

let world: RoutingWorld;

beforeEach(async () => {
  world = await createRoutingWorld();
});

afterEach(async () => {
  await world.down();
});

const sessions = '{ protocol: bgp, bfd: {} }';
const password = 'password_file: /etc/routing.password';
const uplinks = {
  bgp: (neighbor: string) =>
    `{ protocol: bgp, as: 65001, neighbor: ${neighbor}, peer_as: 64496, ${password}, bfd: {} }`,
  ospf: () => '{ protocol: ospf, hello: 1s, bfd: {} }',
} as const;

/** The upstream router has a default by a device of its own, and the way to the internet of the lab. */
async function giveDefault(host: TestHost): Promise<void> {
  await host.run(['ip', 'link', 'add', 'isp0', 'type', 'veth', 'peer', 'name', 'isp1']);
  await host.run(['ip', 'link', 'set', 'isp0', 'up']);
  await host.run(['ip', 'link', 'set', 'isp1', 'up']);
  for (const family of families)
    await host.run(['ip', `-${family}`, 'route', 'add', 'default', 'dev', 'isp0']);
}

async function answers(): Promise<boolean> {
  const found = await Promise.all(
    families.map((family) =>
      world.containers.run('web', ['ping', '-c', '1', '-W', '1', addressesOf(family).internet]),
    ),
  );
  return found.every(({ exitCode }) => exitCode === 0);
}

/** Destinations that a host has learned from a routing daemon, in its main table. */
async function learned(host: TestHost): Promise<string> {
  const texts = await Promise.all(families.map((family) => host.run(['ip', `-${family}`, 'route', 'show'])));
  return texts.join('\n');
}

describe.each(['bgp', 'ospf'] as const)('an upstream router that speaks %s', (protocol) => {
  it.each(['frr', 'bird'] as const)(
    'as %s is told to, gives the default and hears the subnets',
    async (daemon) => {
      const { upstream, gw1, node1 } = world.hosts;
      await giveDefault(upstream);
      await writeFile(world, sessions, '    snat: none\n', uplinks[protocol]);
      for (const host of [gw1, node1]) await host.files.replace('/etc/routing.password', 'secret\n');
      // Printed before apply: the device has its addresses already.
      const printed = await mustSucceed(gw1, 'render', '--far-end', daemon);
      const config = printed.replaceAll('PASSWORD', 'secret').replaceAll('DEVICE', 'gw1');
      if (daemon === 'bird') await startBird(upstream, config);
      else await startFrr(upstream, ['zebra', 'bgpd', 'ospfd', 'ospf6d', 'bfdd'], config);
      for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
      for (const family of families) {
        await waitFor(
          `default in IPv${family}`,
          async () => (await learnedDefault(node1, family)) === addressesOf(family).gw1,
          60_000,
        );
        await waitFor(`IPv${family} subnet`, async () =>
          (await learned(upstream)).includes(subnetOf(family)),
        );
      }
      await waitFor('answers', answers);
      const bfd = await (daemon === 'bird'
        ? showBird(upstream, 'bfd', 'sessions')
        : show(upstream, 'show bfd peers brief'));
      expect(bfd.match(/\bup\b/gi)).toHaveLength(2);
      if (daemon === 'bird') await stopBird(upstream);
      else await stopFrr(upstream);
    },
  );
});

describe('a member without mustredirect', () => {
  it.each(['frr', 'bird'] as const)('that runs %s serves the nodes', async (daemon) => {
    const { upstream, gw1, node1 } = world.hosts;
    await writeFile(world, sessions, '    snat: none\n');
    const config = await mustSucceed(gw1, 'render', '--format', daemon);
    // Its own default is that of its uplink.
    for (const family of families) await gw1.run(['ip', `-${family}`, 'route', 'del', 'default']);
    await gw1.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    for (const family of families)
      await upstream.run(['ip', 'route', 'replace', subnetOf(family), 'via', addressesOf(family).uplink]);
    if (daemon === 'bird') await startBird(gw1, config);
    else await startFrr(gw1, ['zebra', 'staticd', 'bgpd', 'bfdd'], config);
    await mustSucceed(node1, 'apply', '--yes');
    for (const family of families) {
      await waitFor(
        `default in IPv${family}`,
        async () => (await learnedDefault(node1, family)) === addressesOf(family).gw1,
        60_000,
      );
      await waitFor(`IPv${family} subnet`, async () => (await learned(gw1)).includes(subnetOf(family)));
    }
    await waitFor('answers', answers);
    const status = await mustSucceed(node1, 'status');
    expect(
      status.match(/member gw1 \(\S+\): BGP Established, .*BFD Up, 1 accepted, 1 announced/g),
    ).toHaveLength(2);
    if (daemon === 'bird') await stopBird(gw1);
    else await stopFrr(gw1);
  });
});
