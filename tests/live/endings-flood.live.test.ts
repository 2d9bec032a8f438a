/**
 * Blocking at the end of a redirect, under a flood of packets: an nft transaction activates rules and sets at different
 * moments, which traffic at a usual rate hits once in some hundred runs.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { families } from './leak-matrix/families.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

/** destination port of the flood, unused otherwise */
const port = 9;
const stepSchema = z.object({ undo: z.looseObject({ close: z.string().optional() }).optional() });

let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', families });
  await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
  await world.containers.start('web', network.name);
  const { gw1, node1, isp } = world.hosts;
  for (const host of [gw1, node1]) await host.files.replace(filePath, exampleFile('external', { families }));
  await mustSucceed(gw1, 'apply', '--yes');
  await mustSucceed(node1, 'apply', '--yes', '--confirm', '5m');
  await isp.run([
    'nft',
    `add table inet test; add chain inet test seen { type filter hook prerouting priority -500; };
     add rule inet test seen meta nfproto ipv4 udp dport ${port} counter;
     add rule inet test seen meta nfproto ipv6 udp dport ${port} counter`,
  ]);
});
afterAll(() => world?.down());

/** Sends as many datagrams as possible for some seconds; returns their number, and packets at the isp by family. */
async function seenOfFlood(seconds: number): Promise<{ sent: number; seen: number[] }> {
  const { node1, isp } = world.hosts;
  const before = await seenAtIsp();
  const text = `
    use Socket qw(:all);
    my @to = ([AF_INET, pack_sockaddr_in(${port}, inet_pton(AF_INET, '${addressesOf(4).internet}'))],
      [AF_INET6, pack_sockaddr_in6(${port}, inet_pton(AF_INET6, '${addressesOf(6).internet}'))]);
    for (@to) { socket($_->[2], $_->[0], SOCK_DGRAM, 17) or die }
    my ($end, $sent) = (time + ${seconds}, 0);
    while (time < $end) { for my $to (@to) { send($to->[2], 'x', 0, $to->[1]) and $sent++ for 1 .. 50 } }
    print $sent`;
  const inside = ['nsenter', '--net=/run/netns/web', 'perl', '-e', text];
  const sent = Number(await node1.run(inside));
  return { sent, seen: (await seenAtIsp()).map((count, index) => count - (before[index] ?? 0)) };

  async function seenAtIsp(): Promise<number[]> {
    const listed = await isp.run(['nft', 'list', 'chain', 'inet', 'test', 'seen']);
    return [...listed.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
  }
}

it('lets no packet out while it blocks, in many repetitions', async () => {
  const { node1 } = world.hosts;
  const journal = (await node1.files.read('/var/lib/mustredirect/host.journal')) ?? '';
  const steps = journal
    .split('\n')
    .flatMap((line) => stepSchema.safeParse(line && JSON.parse(line)).data ?? []);
  const close = steps.flatMap(({ undo }) => undo?.close ?? []);
  expect(close.length).toBe(1);
  // State in which this nft text is needed: our rules, routes and policies are gone, and only nft blocks packets to the
  // isp.
  await node1.run(['ip', 'xfrm', 'policy', 'flush']);
  for (const family of families)
    for (const [, preference = ''] of (await node1.run(['ip', `-${family}`, 'rule'])).matchAll(
      /^(\d+):.*proto 136/gm,
    ))
      await node1.run(['ip', `-${family}`, 'rule', 'delete', 'preference', preference]);
  const table = await node1.run(['nft', '-s', 'list', 'table', 'inet', 'mustredirect']);
  await node1.files.replace('/run/guard.nft', `delete table inet mustredirect\n${table}`);
  await node1.files.replace('/run/close.nft', close.join(''));

  const again =
    'while [ -e /run/guard.nft ]; do nft -f /run/guard.nft && nft -f /run/close.nft && nft -f /run/close.nft || exit 1; echo; done';
  const work = node1.exec.run(['sh', '-c', again]);
  const flood = await seenOfFlood(15);
  await node1.run(['rm', '/run/guard.nft']);
  const done = await work;

  await node1.run(['nft', 'delete', 'table', 'inet', 'mustredirect']);
  const control = await seenOfFlood(1);
  expect(done.stdout.length).toBeGreaterThan(20);
  expect(flood.sent).toBeGreaterThan(10_000);
  expect(flood.seen).toEqual([0, 0]);
  for (const count of control.seen) expect(count).toBeGreaterThan(100);
});
