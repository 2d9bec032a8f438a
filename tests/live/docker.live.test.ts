/** What only docker does: its daemon is restarted, and makes all its rules anew. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restartDockerd } from '../../src/lab/containers/docker.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

beforeEach(async () => {
  world = await createTestWorld({ engine: 'docker' });
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('docker'))));
});

afterEach(async () => {
  await world?.down();
});

/** Who answered a container, and the sources that the gateway's link to it has seen meanwhile. */
async function ask(container: string): Promise<{ readonly answer: string; readonly sources: string[] }> {
  const lan = await world.capture('gw1', 'eth0', `tcp and dst host ${addresses.internet}`);
  const argv = ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`];
  const answer = (await world.containers.run(container, argv)).stdout.trim();
  return { answer, sources: [...new Set((await lan.stop()).map(({ source }) => source))] };
}

describe('docker', () => {
  it('keeps the source through a restart of its daemon, which masquerades a network that was there before', async () => {
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet);
    const before = await world.containers.start('before', network.name);
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    const redirected = (address: string) => ({
      answer: `upstream saw ${addresses.uplink}`,
      sources: [address],
    });
    expect(await ask('before')).toEqual(redirected(before));
    await restartDockerd(node1);
    expect(await node1.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain(
      `-s ${network.subnet} ! -o br-`,
    );
    expect(await ask('before')).toEqual(redirected(before));
    const after = await world.containers.start('after', network.name);
    expect(await ask('after')).toEqual(redirected(after));
    await mustSucceed(node1, 'status', '--check');
    // Without us, it is the masquerade that counts.
    for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
    expect(await ask('before')).toEqual({ answer: `isp saw ${addresses.node1}`, sources: [] });
  });
});
