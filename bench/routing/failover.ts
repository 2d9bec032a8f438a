/**
 * Cuts the active member of a gateway, 20 times, while a container pings through it: BFD of 50 ms x 3 on both sides of
 * the members, FRR as the upstream router, `snat: none`. Prints how long no answer came.
 *
 *     npm run build && sudo node scripts/bench.js bench/routing/failover.ts
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

const to = addressesOf(4).internet;

export async function main(root: string): Promise<void> {
  const world = await createRoutingWorld();
  try {
    await setUp(world, root);
    const found: Round[] = [];
    for (let round = 0; round < rounds; round += 1) found.push(await cutOnce(world));
    const outages = found.map(({ outage }) => Math.round(outage)).sort((a, b) => a - b);
    const leaked = found.reduce((total, one) => total + one.leaked, 0);
    console.log(`outages in ms: ${outages.join(' ')}`);
    console.log(`median ${outages[rounds / 2]}, worst ${outages.at(-1)}, leaked ${leaked}`);
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

interface Round {
  /** milliseconds without an answer */
  readonly outage: number;
  /** packets that left by the isp */
  readonly leaked: number;
}

async function cutOnce(world: RoutingWorld): Promise<Round> {
  const { node1, isp, upstream, switch: lan } = world.hosts;
  await waitFor('gw1', async () => (await learnedDefault(node1, 4)) === addressesOf(4).gw1, 60_000);
  await waitFor('answers', () => answers(world), 60_000);
  // The way back settles, too.
  await sleep(1500);
  const mac = (await isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and host ${to}`);
  const pinging = node1.run(
    ['ip', 'netns', 'exec', 'web', 'sh', '-c', `ping -D -n -i 0.005 -c 600 ${to} || :`],
    { timeout: 20_000 },
  );
  await sleep(700);
  const links = (state: 'up' | 'down') =>
    Promise.all([lan, upstream].map((host) => host.run(['ip', 'link', 'set', 'gw1', state])));
  await links('down');
  const times = [...(await pinging).matchAll(/^\[(\d+\.\d+)\] \d+ bytes/gm)].map(([, time]) => Number(time));
  const outage = Math.max(...times.slice(1).map((time, i) => (time - (times[i] ?? 0)) * 1000));
  const leaked = (await capture.stop()).length;
  await links('up');
  return { outage, leaked };
}

async function answers({ containers }: RoutingWorld): Promise<boolean> {
  return (await containers.run('web', ['ping', '-c', '1', '-W', '1', to])).exitCode === 0;
}
