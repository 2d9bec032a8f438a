/**
 * What must hold on every kernel, in a short form of the live tests: the way of both families, the container's own
 * source up to the gateway, each layer alone, published ports with each reverse path filter, and the end.
 * docs/kernels.md has the table.
 */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addresses, addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { layerEvents } from '../live/leak-matrix/layers.ts';
import { type Seen, countElsewhere, listSeen, watchElsewhere } from '../live/leak-matrix/watch.ts';
import { mustSucceed } from '../live/program.ts';
import { createTestWorld } from '../live/test-world.ts';

const port = 8081;
/** seconds that a request may take: in a virtual machine, processors are emulated */
const patience = 10;

let world: World;

/** Echo requests and an HTTP request of each family. @returns what the web servers say: whose source they saw */
async function send(): Promise<string[]> {
  const answers = families.map(async (family) => {
    const { internet } = addressesOf(family);
    await world.containers.run('web', ['ping', '-c', '3', '-i', '0.2', '-W', '1', internet]);
    const url = `http://${family === 4 ? internet : `[${internet}]`}`;
    const { stdout } = await world.containers.run('web', ['timeout', `${patience}`, 'wget', '-qO-', url]);
    return stdout.trim();
  });
  return Promise.all(answers);
}

/** What is on links that are not the declared way while containers send. */
async function elsewhereDuring(act: () => Promise<unknown>): Promise<Seen> {
  const watch = await watchElsewhere(world);
  await act();
  return watch.stop((read) => read());
}

async function apply(): Promise<void> {
  for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
}

async function publish(): Promise<void> {
  const { node1 } = world.hosts;
  const [web = ''] = await world.containers.addresses('web', network.name);
  const table = `table ip published { chain pre {
    type nat hook prerouting priority dstnat; tcp dport ${port} dnat to ${web}:80
  }; }`;
  await node1.run(['nft', '-f', '-'], { input: table });
  const server = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];
  await node1.background.start(endingWithStdin(inNetwork('/run/netns/web', server)));
}

const client = `
const socket = require('node:net').connect(${port}, '${addresses.node1}');
socket.on('data', (answer) => { process.stdout.write(String(answer)); process.exit(); });
setTimeout(() => process.exit(), ${patience * 1000});
`;

async function reachPublished(): Promise<string> {
  return (await world.hosts.isp.exec.run([process.execPath, '-e', client])).stdout.trim();
}

describe(`kernel ${release()}`, () => {
  let before: readonly HostDump[];

  beforeAll(async () => {
    // Its settings are in every network namespace from then on.
    await thisMachine().exec.run(['modprobe', 'nf_conntrack']);
    world = await createTestWorld({ engine: 'external', families });
    const { node1, gw1 } = world.hosts;
    await Promise.all(
      [node1, gw1].map((host) => host.files.replace(filePath, exampleFile('external', { families }))),
    );
    await world.containers.createNetwork(network.name, ...families.map(subnetOf));
    await world.containers.start('web', network.name);
    await publish();
  });
  afterAll(() => world.down());

  it('control: before apply, both families are seen past the gateway', async () => {
    const seen = await elsewhereDuring(async () => {
      expect(await send()).toEqual(families.map((family) => `isp saw ${addressesOf(family).node1}`));
    });
    for (const family of families) expect(countElsewhere(seen, family)).toBeGreaterThan(0);
    expect(await reachPublished()).toBe('hello');
    before = await Promise.all([dumpHost(world.hosts.node1), dumpHost(world.hosts.gw1)]);
  });

  it('the gateway gets both families with their own source, the upstream with that of the uplink; elsewhere 0', async () => {
    await apply();
    const atGateway = await world.capture('gw1', 'eth0', families.map(requestsTo).join(' or '));
    const seen = await elsewhereDuring(async () => {
      expect(await send()).toEqual(families.map((family) => `upstream saw ${addressesOf(family).uplink}`));
    });
    const sources = new Set((await atGateway.stop()).map(({ source }) => source));
    expect([...sources].sort()).toEqual(await world.containers.addresses('web', network.name));
    expect(listSeen(seen)).toEqual([]);
  });

  it.each(layerEvents('node1', 'some').filter(({ leaks }) => leaks !== true))(
    '$name, elsewhere 0',
    async ({ steps }) => {
      const seen = await elsewhereDuring(async () => {
        for (const step of steps) await step(world);
        await send();
      });
      expect(families.map((family) => countElsewhere(seen, family))).toEqual([0, 0]);
      await mustSucceed(world.hosts.node1, 'apply', '--yes');
    },
  );

  it('control: without all layers, packets are seen elsewhere; apply brings all of them back', async () => {
    const all = layerEvents('node1', 'some').find(({ leaks }) => leaks === true);
    const seen = await elsewhereDuring(async () => {
      for (const step of all?.steps ?? []) await step(world);
      await send();
    });
    for (const family of families) expect(countElsewhere(seen, family)).toBeGreaterThan(0);
    await mustSucceed(world.hosts.node1, 'apply', '--yes');
    expect(listSeen(await elsewhereDuring(send))).toEqual([]);
  });

  it('a published port answers by the link that the question came by: rp_filter 0, 1, 2', async () => {
    const { node1 } = world.hosts;
    const atGateway = await world.capture('gw1', 'eth0', `tcp port ${port} or tcp port 80`);
    for (const value of [0, 1, 2]) {
      await node1.run(['sysctl', '-qw', `net.ipv4.conf.all.rp_filter=${value}`]);
      expect([value, await reachPublished()]).toEqual([value, 'hello']);
    }
    expect(await atGateway.stop()).toEqual([]);
  });

  it('destroy leaves both hosts as they were', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
    const after = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
    expect(after.flatMap((dump, index) => compareDumps(before[index] ?? {}, dump))).toEqual([]);
  });
});

function requestsTo(family: (typeof families)[number]): string {
  return `dst host ${addressesOf(family).internet}`;
}
