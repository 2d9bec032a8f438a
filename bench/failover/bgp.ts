/**
 * Cuts the active member of a gateway, 20 times, while a container pings through it: BFD of 50 ms x 3 on both sides of
 * the members, FRR as the upstream router, `snat: none`. Prints how long no answer came.
 *
 *     npm run build && sudo node scripts/bench.js bench/failover/bgp.ts
 */
import { families } from '../../src/address/cidr.ts';
import { addressesOf, subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { startFrr } from '../../tests/live/routing/frr.ts';
import { bgpUpstream } from '../../tests/live/routing/upstream.ts';
import {
  type RoutingWorld,
  createRoutingWorld,
  waitFor,
  waitForMember,
  writeFile,
} from '../../tests/live/routing/world.ts';
import { type Outage, answersForASecond, measureOutage, outageText } from '../lab/outage.ts';
import { programOf } from '../lab/program.ts';

const rounds = Number(process.env['ROUNDS'] ?? 20);
const upstream = bgpUpstream({ interval: 50, multiplier: 3 });

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
  const hosts = [world.hosts.gw1, world.gw2, world.hosts.node1];
  const between = '{ protocol: bgp, bfd: { interval: 50ms, multiplier: 3 } }';
  await writeFile(world, between, '    snat: none\n', upstream.uplink);
  await startFrr(world.hosts.upstream, upstream.daemons, upstream.frr);
  for (const host of hosts) {
    await host.files.replace('/etc/bgp.password', 'secret\n');
    await host.run([programOf(root), 'apply', '--yes'], { timeout: 60_000 });
  }
}

/** A round begins when the routes of both families are there, and those back. */
async function cutOnce(world: RoutingWorld): Promise<Outage> {
  const { upstream: router, switch: lan } = world.hosts;
  await waitForMember(world, 'gw1');
  await waitFor('routes back by gw1', () => comeBackByFirst(router), 60_000);
  await waitFor('answers for a second', () => answersForASecond(world), 60_000);
  const links = (state: 'up' | 'down') =>
    Promise.all([lan, router].map((host) => host.run(['ip', 'link', 'set', 'gw1', state])));
  const found = await measureOutage(world, () => links('down'));
  await links('up');
  // It goes with the link.
  await router.run(['ip', 'address', 'replace', `${addressesOf(6).upstream}/64`, 'dev', 'gw1', 'nodad']);
  return found;
}

async function comeBackByFirst(router: TestHost): Promise<boolean> {
  const routes = await Promise.all(
    families.map((family) => router.run(['ip', `-${family}`, 'route', 'show', subnetOf(family)])),
  );
  return routes.every((text) => text.includes(' dev gw1 '));
}
