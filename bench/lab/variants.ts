/** The ways by which a container's packets get to the gateway and out of it, each in a lab of its own. */
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { byHandOnGateway, byHandOnNode } from './by-hand.ts';
import { type Networks, fileFor } from './networks.ts';
import { applyFile } from './program.ts';

export const variants = ['plain', 'by hand', 'mustredirect'] as const;
export type Variant = (typeof variants)[number];

/** @param root the folder of the project */
export async function setUp(world: World, variant: Variant, networks: Networks, root: string): Promise<void> {
  switch (variant) {
    case 'plain':
      await trackWithoutNat(world);
      return setUpPlain(world);
    case 'by hand':
      await trackWithoutNat(world);
      await byHandOnNode(world, networks);
      return byHandOnGateway(world, networks);
    case 'mustredirect':
      return applyFile(world, fileFor(networks), root);
  }
}

/**
 * As on a host whose engine masquerades other networks than this: connections are tracked, and the container keeps
 * its address. mustredirect has the engine's masquerade of this network against it, and lets it be.
 */
async function trackWithoutNat({ hosts: { node1 } }: World): Promise<void> {
  const input = `delete table ip lab-mr0
table ip lab-mr0 { chain postrouting {
  type nat hook postrouting priority srcnat;
  ip saddr 10.254.0.0/24 ip daddr != 10.254.0.0/24 masquerade
}; }`;
  await node1.run(['nft', '-f', '-'], { input });
}

/** The kernel's own speed: main routing tables, and the same NAT on the gateway. */
async function setUpPlain({ hosts: { node1, gw1 } }: World): Promise<void> {
  await node1.run(['ip', 'route', 'replace', 'default', 'via', addresses.gw1]);
  await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1');
  await gw1.run(['ip', 'route', 'add', network.subnet, 'via', addresses.node1]);
  await gw1.run(['ip', 'route', 'replace', 'default', 'via', addresses.upstream, 'dev', 'uplink0']);
  await gw1.run(['iptables', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'uplink0', '-j', 'MASQUERADE']);
}
