/**
 * End of a redirect after a firewall restart removed our nft table: existing flows stay blocked until they are deleted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contains, familyOf } from '../../src/address/cidr.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Sender, startFlows, untilRedirected } from './endings-sender.ts';
import { families } from './leak-matrix/families.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

describe.each([
  { by: 'rules', more: 1 },
  { by: 'a mark', more: 16 },
])('steered by $by', ({ more }) => {
  let world: World;
  let flows: Sender;
  const file = exampleFile('external', { families, more });

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families });
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    const { files } = world.hosts.node1;
    await files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    await files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1\n');
    flows = await startFlows(world, 'web', families);
  });
  afterAll(async () => {
    await flows?.stop();
    await world?.down();
  });

  it.each([
    ['destroy', ['destroy', '--yes'], file],
    ['rollback', ['rollback', '--yes'], file],
    [
      'its network is taken out of the file',
      ['apply', '--yes'],
      file.replace(/^ {2}mustredirect:\n(?: {4}.*\n)+/m, ''),
    ],
  ])('%s', async (_, verb, text) => {
    const { gw1, node1 } = world.hosts;
    await mustSucceed(node1, 'destroy', '--yes');
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, file);
      await mustSucceed(host, 'apply', '--yes');
    }
    await untilRedirected(world);
    await node1.files.replace(filePath, text);
    const internet = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
    const capture = await world.capture('isp', 'eth0', internet);
    await node1.run(['nft', 'delete', 'table', 'inet', 'mustredirect']);
    await sleep(200);
    await mustSucceed(node1, ...verb);
    await sleep(500);
    await flows.hold();
    const packets = await capture.stop();
    flows.goOn();
    // Control: packets that the host now routes itself are captured here, as a leak would be.
    expect(packets.length).toBeGreaterThan(50);
    // Connections cannot be reset here: without the table, the RST to the other end is blocked, too (decision 0031).
    const own = packets.filter(
      ({ source, protocol }) => protocol !== 'tcp' && contains(subnetOf(familyOf(source)), source),
    );
    expect(own).toEqual([]);
  });
});
