/** The agent with real engines: what happens to a network of theirs is followed without anybody's command. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { containerEngines, createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const other = '10.99.0.0/24';
/** milliseconds, on a busy machine */
const patience = 60_000;

/** A program that hangs while somebody says so. */
const hangingProgram = `#!/bin/sh
PATH=\${PATH#*:}
[ ! -e /run/hangs ] || exec sleep infinity
exec "\${0##*/}" "$@"
`;

describe.each(aShareOf(await containerEngines()))('%s', (engine) => {
  let world: World;
  let agent: Running;
  const program = programOf(engine);

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet);
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, exampleFile(engine));
      await mustSucceed(host, 'apply', '--yes');
    }
    await node1.files.replace(`/run/hanging/${program}`, hangingProgram, 0o755);
    const path = 'PATH=/run/hanging:$PATH exec "$0" agent';
    agent = await node1.background.start(endingWithStdin(['sh', '-c', path, programPath]));
    await says('holds ');
  });
  afterAll(async () => {
    await agent?.stop();
    await world?.down();
  });

  async function says(text: string): Promise<void> {
    if (await waitUntil(() => agent.output().stderr.includes(text), patience)) return;
    throw new Error(`expected ${text} in:\n${agent.output().stderr}`);
  }

  async function ask(container: string): Promise<string> {
    const argv = ['timeout', '2', 'wget', '-qO-', `http://${addresses.internet}`];
    return (await world.containers.run(container, argv)).stdout.trim();
  }

  async function untilPlanIs(exitCode: number): Promise<void> {
    const isSo = async (): Promise<boolean> =>
      (await mustredirect(world.hosts.node1, 'plan', '--check')).exitCode === exitCode;
    if (!(await waitUntil(isSo, patience))) throw new Error(agent.output().stderr);
  }

  /** Removes the network, occupies its bridge, which is guarded, and makes the network anew. */
  async function makeAnew(subnet: string, occupant: string, occupied: string): Promise<void> {
    await world.hosts.node1.run([program, 'network', 'rm', network.name]);
    await world.containers.createNetwork(occupant, occupied);
    await world.containers.createNetwork(network.name, subnet);
  }

  /** Waits until nothing leaves from a subnet. */
  async function untilClosed(subnet: string): Promise<void> {
    const isClosed = async (): Promise<boolean> =>
      (await world.hosts.node1.run(['ip', 'rule'])).includes(`from ${subnet}`);
    if (!(await waitUntil(isClosed, patience))) throw new Error(agent.output().stderr);
  }

  it('redirects a network that its engine has made anew, on another bridge', async () => {
    await makeAnew(network.subnet, 'first', '10.98.0.0/24');
    await world.containers.start('same', network.name);
    await untilPlanIs(0);
    expect(await ask('same')).toBe(`upstream saw ${addresses.uplink}`);
    await world.hosts.node1.run([program, 'rm', '--force', 'same']);
  });

  it('leaves a network that was removed to whoever makes it anew', async () => {
    const { node1 } = world.hosts;
    await node1.run([program, 'network', 'rm', network.name]);
    await says(`network ${network.name} is gone`);
    const { stdout } = await node1.exec.run([program, 'network', 'inspect', network.name]);
    expect(stdout.trim()).toMatch(/^(\[\])?$/);
    await world.containers.createNetwork(network.name, network.subnet);
    await says(`no longer: network ${network.name} is gone`);
  });

  it('closes one that comes back with another subnet, and says so', async () => {
    await makeAnew(other, 'second', '10.97.0.0/24');
    const begin = performance.now();
    await says(`gave it ${other}, the file says ${network.subnet}: IPv4 closed, not redirected`);
    await untilClosed(other);
    process.stdout.write(`${engine}: closed within ${Math.round(performance.now() - begin)} ms\n`);
    const capture = await world.capture('isp', 'eth0', `dst host ${addresses.internet}`);
    await world.containers.start('other', network.name);
    await world.containers.run('other', ['ping', '-c', '3', '-i', '0.1', '-W', '1', addresses.internet]);
    expect(await capture.stop()).toEqual([]);
    await world.hosts.node1.run([program, 'rm', '--force', 'other']);
  });

  it('redirects it again when it has the subnet of the file again', async () => {
    await makeAnew(network.subnet, 'third', '10.96.0.0/24');
    await world.containers.start('again', network.name);
    await untilPlanIs(0);
    expect(await ask('again')).toBe(`upstream saw ${addresses.uplink}`);
    await says(`no longer: network ${network.name}: `);
  });

  it('holds the network while the engine hangs, and still repairs what is removed', async () => {
    const { node1 } = world.hosts;
    await world.containers.start('held', network.name);
    await untilPlanIs(0);
    await node1.files.replace('/run/hangs', '');
    // A new link has the engine asked again.
    await node1.run(['ip', 'link', 'add', 'new0', 'type', 'veth', 'peer', 'new1']);
    await says(`${program} does not answer, and what it said last is held: took longer than 1 s`);
    await node1.run(['sh', '-c', 'ip rule flush protocol 136']);
    const isBack = async (): Promise<boolean> => (await node1.run(['ip', 'rule'])).includes('proto 136');
    // Sooner than the program gives up waiting for the engine.
    expect(await waitUntil(isBack, 20_000)).toBe(true);
    expect(await ask('held')).toBe(`upstream saw ${addresses.uplink}`);
    await node1.files.remove('/run/hangs');
    await says(`no longer: ${program} does not answer`);
    expect(agent.output().stderr).not.toContain('cannot be queried');
    await untilPlanIs(0);
  });
});
