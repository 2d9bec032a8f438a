/**
 * Cuts the active member of a gateway, 20 times, while a container pings through it: BFD of 50 ms x 3 on both sides of
 * the members, FRR as the upstream router, `snat: none`. Prints how long no answer came.
 *
 *     npm run build && sudo node scripts/bench.js bench/failover/bgp.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressesOf } from '../../src/lab/layout.ts';
import { startFrr } from '../../tests/live/routing/frr.ts';
import {
  type RoutingWorld,
  createRoutingWorld,
  learnedDefault,
  waitFor,
  writeFile,
} from '../../tests/live/routing/world.ts';
import { type Outage, answers, measureOutage, outageText } from '../lab/outage.ts';
import { programOf } from '../lab/program.ts';

const rounds = 20;
const bfd = 'bfd: { interval: 50ms, multiplier: 3 }';

const neighbors = ['172.31.0.2', '172.31.1.2'];
const frr = `
bfd
 profile fast
  receive-interval 50
  transmit-interval 50
 exit
exit
router bgp 64496
 bgp router-id 9.9.9.9
 no bgp ebgp-requires-policy
${neighbors.map((one) => ` neighbor ${one} remote-as 65001\n neighbor ${one} bfd\n neighbor ${one} bfd profile fast\n neighbor ${one} advertisement-interval 0`).join('\n')}
 address-family ipv4 unicast
${neighbors.map((one) => `  neighbor ${one} default-originate`).join('\n')}
 exit-address-family
`;

export async function main(root: string): Promise<void> {
  const world = await createRoutingWorld();
  try {
    await setUp(world, root);
    const found: Outage[] = [];
    for (let round = 0; round < rounds; round += 1) found.push(await cutOnce(world));
    console.log(outageText(found));
  } finally {
    await world.down();
  }
}

async function setUp(world: RoutingWorld, root: string): Promise<void> {
  const { node1, gw1, upstream } = world.hosts;
  await writeFile(
    world,
    `{ protocol: bgp, ${bfd} }`,
    '    snat: none\n',
    (neighbor) => `{ protocol: bgp, as: 65001, peer_as: 64496, neighbor: ${neighbor}, ${bfd} }`,
  );
  await startFrr(upstream, ['zebra', 'bgpd', 'bfdd'], frr);
  for (const host of [gw1, world.gw2, node1]) {
    await host.run([programOf(root), 'apply', '--yes'], { timeout: 60_000 });
  }
}

async function cutOnce(world: RoutingWorld): Promise<Outage> {
  const { node1, upstream, switch: lan } = world.hosts;
  await waitFor('gw1', async () => (await learnedDefault(node1, 4)) === addressesOf(4).gw1, 60_000);
  await waitFor('answers', () => answers(world), 60_000);
  // The way back settles, too.
  await sleep(1500);
  const links = (state: 'up' | 'down') =>
    Promise.all([lan, upstream].map((host) => host.run(['ip', 'link', 'set', 'gw1', state])));
  const found = await measureOutage(world, () => links('down'));
  await links('up');
  return found;
}
