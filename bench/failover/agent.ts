/**
 * Makes the active member of a gateway fail, 20 times in each of three ways, while a container pings through it and the
 * agent judges the members. Prints how long no answer came: with probes every 50 ms, and with the defaults.
 *
 *     npm run build && sudo node scripts/bench.js bench/failover/agent.ts
 */
import { endingWithStdin } from '../../src/host/process/background.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { type RoutingWorld, createRoutingWorld, waitFor, writeFile } from '../../tests/live/routing/world.ts';
import { type Outage, answers, measureOutage, outageText, to } from '../lab/outage.ts';
import { programOf } from '../lab/program.ts';

const rounds = Number(process.env['ROUNDS'] ?? 20);

/** Keys of `check` in the file, with the milliseconds that one round is watched. */
const settings = [
  { keys: 'interval: 50ms, fall: 3, rise: 3', length: 4000 },
  { keys: 'rise: 3', length: 6000 },
] as const;

const drop =
  'nft "add table inet f; add chain inet f c { type filter hook prerouting priority -400; }; add rule inet f c iifname gw1 drop"';
const faults = [
  { what: 'member dead', place: 'switch', cut: 'ip link set gw1 down', mend: 'ip link set gw1 up' },
  {
    what: 'member forwards no more',
    place: 'gw1',
    cut: 'echo 0 >/proc/sys/net/ipv4/ip_forward',
    mend: 'echo 1 >/proc/sys/net/ipv4/ip_forward',
  },
  { what: 'uplink leads nowhere', place: 'upstream', cut: drop, mend: 'nft delete table inet f' },
] as const;

export async function main(root: string): Promise<void> {
  const world = await createRoutingWorld();
  try {
    for (const setting of settings) {
      const agent = await begin(world, root, setting.keys);
      for (const fault of faults) {
        const found: Outage[] = [];
        for (let round = 0; round < rounds; round += 1) {
          found.push(await failOnce(world, fault, setting.length));
        }
        console.log(`check { ${setting.keys} }, ${fault.what}: ${outageText(found)}`);
      }
      await agent.stop();
    }
  } finally {
    await world.down();
  }
}

async function begin(world: RoutingWorld, root: string, keys: string) {
  const { node1, gw1 } = world.hosts;
  await writeFile(
    world,
    '{ protocol: static }',
    `    check: { targets: [${to}], ${keys} }\n    failback: 1s\n`,
  );
  for (const host of [gw1, world.gw2, node1]) {
    await host.run([programOf(root), 'apply', '--yes'], { timeout: 60_000 });
  }
  return node1.background.start(endingWithStdin([programOf(root), 'agent']));
}

async function failOnce(
  world: RoutingWorld,
  { place, cut, mend }: (typeof faults)[number],
  length: number,
): Promise<Outage> {
  await waitFor('gw1', () => usesFirst(world), 60_000);
  await waitFor('answers', () => answers(world), 60_000);
  const host = world.hosts[place];
  const found = await measureOutage(world, () => host.run(['sh', '-ec', cut]), length);
  await host.run(['sh', '-ec', mend]);
  return found;
}

async function usesFirst({ hosts: { node1 } }: RoutingWorld): Promise<boolean> {
  const route = await node1.run(['ip', 'route', 'show', 'table', '2184']);
  return route.includes(`default via ${addressesOf(4).gw1} `);
}
