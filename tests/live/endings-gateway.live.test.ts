/** destroy on a gateway while a node still sends to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Family, contains, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Sender, startFlows, untilRedirected } from './endings-sender.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

const families = [4, 6] as const satisfies readonly Family[];
const internet = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
const names = families.map((family) => `node1 (network ${network.name}, ${subnetOf(family)})`);

describe('a gateway that nodes still send to', () => {
  let world: World;
  let flows: Sender;
  let start: HostDump;

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families });
    const { gw1, node1 } = world.hosts;
    // An ordinary router: packets from other sources leave by its default route.
    await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    await gw1.files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1\n');
    for (const host of [gw1, node1])
      await host.files.replace(filePath, exampleFile('external', { families }));
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    start = await dumpHost(gw1);
    flows = await startFlows(world, 'web', families);
  });
  afterAll(async () => {
    await flows?.stop();
    await world?.down();
  });

  beforeEach(async () => {
    const { gw1, node1 } = world.hosts;
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    await untilRedirected(world);
  });

  /** Packets at the isp with a container's own address, during an action and shortly after. */
  async function ownAtIsp(act: () => Promise<unknown>): Promise<readonly Packet[]> {
    const capture = await world.capture('isp', 'eth0', internet);
    await act();
    await sleep(500);
    await flows.hold();
    const packets = await capture.stop();
    flows.goOn();
    return packets.filter(({ source }) => contains(subnetOf(familyOf(source)), source));
  }

  it('is not taken down without a question, and the nodes are named', async () => {
    const { gw1 } = world.hosts;
    const { exitCode, stderr } = await mustredirect(gw1, 'destroy');
    expect({ exitCode, names: names.filter((name) => stderr.includes(name)) }).toEqual({
      exitCode: 4,
      names,
    });
    expect(await mustSucceed(gw1, 'plan')).toContain('nothing to do');
  });

  it('blocks packets that still arrive, until destroy runs again after they stop', async () => {
    const { gw1, node1 } = world.hosts;
    const own = await ownAtIsp(async () => {
      const { exitCode, stderr } = await mustredirect(gw1, 'destroy', '--yes');
      expect({ exitCode, names: names.filter((name) => stderr.includes(name)) }).toEqual({
        exitCode: 1,
        names,
      });
    });
    expect(own).toEqual([]);
    const rules = await gw1.run(['ip', 'rule']);
    expect(rules).not.toContain('proto 136');
    // A second run has the same result.
    expect((await mustredirect(gw1, 'destroy', '--yes')).exitCode).toBe(1);
    await mustSucceed(node1, 'destroy', '--yes');
    await mustSucceed(gw1, 'destroy', '--yes');
    expect(compareDumps(start, await dumpHost(gw1))).toEqual([]);
  });

  it('lets packets out by its own routes when forced', async () => {
    const { gw1 } = world.hosts;
    const own = await ownAtIsp(() => mustSucceed(gw1, 'destroy', '--yes', '--force'));
    expect(new Set(own.map(({ source }) => familyOf(source)))).toEqual(new Set(families));
    expect(compareDumps(start, await dumpHost(gw1))).toEqual([]);
  });
});
