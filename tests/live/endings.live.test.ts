/**
 * A redirect that ends, or shrinks, while its containers go on sending: nothing leaves by another way with the container's
 * own address, and what the host routes itself from then on has the host's address again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Family, contains, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/packet.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Sender, senderPort, startFlows } from './endings-sender.ts';
import { anyByDeclaredWay, countDeclared } from './leak-matrix/declared-way.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';

const families = [4, 6] as const satisfies readonly Family[];
/** networks that make a mark steer */
const many = 16;

interface Situation {
  readonly engine: LabEngine;
  readonly by: 'rules' | 'marks';
}

const situations: readonly Situation[] = [
  { engine: 'external', by: 'rules' },
  { engine: 'external', by: 'marks' },
  ...(await podmanEngines()).map((engine) => ({ engine, by: 'rules' }) as const),
  { engine: 'docker', by: 'rules' },
];

describe.each(situations)('with $engine, by $by', ({ engine, by }) => {
  let world: World;
  let flows: Sender;
  const more = by === 'marks' ? many : 0;
  const whole = exampleFile(engine, { families, more });

  beforeAll(async () => {
    world = await createTestWorld({ engine, families });
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    // What leaves by the isp is forwarded by the node, whatever it was set to before.
    const { files } = world.hosts.node1;
    await files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    await files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1\n');
    flows = await startFlows(world, 'web', families);
  });
  afterAll(async () => {
    await flows?.stop();
    await world?.down();
  });

  async function apply(text: string): Promise<void> {
    const { gw1, node1 } = world.hosts;
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, text);
      await mustSucceed(host, 'apply', '--yes');
    }
  }

  const internet = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');

  /** What the isp sees from before something happens until it has happened, and then in half a second. */
  async function atIsp(
    act: () => Promise<unknown>,
  ): Promise<{ during: readonly Packet[]; after: readonly Packet[] }> {
    const look = async (work: () => Promise<unknown>): Promise<readonly Packet[]> => {
      const capture = await world.capture('isp', 'eth0', internet);
      await work();
      await flows.hold();
      const packets = await capture.stop();
      flows.goOn();
      return packets;
    };
    const during = await look(async () => {
      await act();
      await sleep(200);
    });
    return { during, after: await look(() => sleep(500)) };
  }

  const own = (packets: readonly Packet[]): string[] =>
    packets
      .filter(({ source }) => contains(subnetOf(familyOf(source)), source))
      .map(({ protocol, source }) => `${protocol} from ${source}`);

  const hostsDatagrams = (packets: readonly Packet[], family: Family): number =>
    packets.filter(
      ({ source, sourcePort, protocol }) =>
        protocol === 'udp' && sourcePort === senderPort && source === addressesOf(family).node1,
    ).length;

  async function begins(text = whole): Promise<void> {
    await apply(text);
    await countDeclared(world.hosts.upstream);
    expect(await anyByDeclaredWay(world.hosts.upstream, 5000)).toEqual({ 4: true, 6: true });
  }

  it('destroy', async () => {
    const { node1 } = world.hosts;
    await begins();
    const { during, after } = await atIsp(() => mustSucceed(node1, 'destroy', '--yes'));
    expect(own([...during, ...after])).toEqual([]);
    for (const family of families) expect(hostsDatagrams(after, family)).toBeGreaterThan(100);
  });
});
