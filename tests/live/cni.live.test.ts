/** Networks of CNI plugins without an engine, called like a runtime calls them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

const path = '/etc/cni/net.d/20-any.conflist';
const bridge = {
  type: 'bridge',
  bridge: 'cni-test0',
  isGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', subnet: network.subnet, routes: [{ dst: '0.0.0.0/0' }] },
};
const conflist = `${JSON.stringify({ cniVersion: '0.4.0', name: network.name, plugins: [bridge] }, null, 1)}\n`;

let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external' });
  const { node1, gw1 } = world.hosts;
  const file = exampleFile('external').replace('engine: external', 'engine: cni');
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, file)));
  // An engine would have enabled forwarding.
  await node1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1');
  await mustSucceed(gw1, 'apply', '--yes');
});

afterAll(() => world?.down());

/** Calls the plugin with the current file. */
async function callPlugin(command: 'ADD' | 'DEL', container: string): Promise<void> {
  const { node1 } = world.hosts;
  const { plugins, ...common } = JSON.parse((await node1.files.read(path)) ?? '') as {
    plugins: object[];
  };
  const variables = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: container,
    CNI_NETNS: `/run/netns/${container}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/usr/lib/cni',
  };
  const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const input = JSON.stringify({ ...common, ...plugins[0] });
  await node1.run(['env', ...env, '/usr/lib/cni/bridge'], { input });
}

async function start(container: string): Promise<void> {
  await world.hosts.node1.run(['ip', 'netns', 'add', container]);
  await callPlugin('ADD', container);
}

/** Replying host, and the sources seen on the gateway's link. */
async function ask(container: string): Promise<{ readonly answer: string; readonly sources: string[] }> {
  const lan = await world.capture('gw1', 'eth0', `tcp and dst host ${addresses.internet}`);
  const wget = ['timeout', '3', 'busybox', 'wget', '-qO-', `http://${addresses.internet}`];
  const { stdout } = await world.hosts.node1.exec.run(['ip', 'netns', 'exec', container, ...wget]);
  return { answer: stdout.trim(), sources: [...new Set((await lan.stop()).map(({ source }) => source))] };
}

const redirected = (source: string) => ({ answer: `upstream saw ${addresses.uplink}`, sources: [source] });

describe('plain cni', () => {
  it('blocks a network without a CNI file', async () => {
    const { exitCode, stdout } = await mustredirect(world.hosts.node1, 'apply', '--yes');
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`network ${network.name}: no file in /etc/cni/net.d has a network of that name`);
    await mustSucceed(world.hosts.node1, 'destroy', '--yes');
  });

  it('keeps the source of a container with masquerade by the plugin, and delays the edit of the file', async () => {
    const { node1 } = world.hosts;
    await node1.files.replace(path, conflist);
    await start('early');
    expect(await ask('early')).toEqual({ answer: `isp saw ${addresses.node1}`, sources: [] });
    const said = await mustSucceed(node1, 'apply', '--yes');
    expect(said).toContain(
      `waiting: ${path}: ipMasq: false, until nothing is attached to ${network.name} (now: early)`,
    );
    expect(await ask('early')).toEqual(redirected('10.89.4.2'));
    await start('late');
    expect(await ask('late')).toEqual(redirected('10.89.4.3'));
    expect(await node1.files.read(path)).toBe(conflist);
  });

  it('edits the file when no container is attached, and restores it byte for byte', async () => {
    const { node1 } = world.hosts;
    await callPlugin('DEL', 'early');
    await callPlugin('DEL', 'late');
    expect(await mustSucceed(node1, 'apply', '--yes')).toContain(`~ ${path}: ipMasq: false (was true)`);
    expect(await node1.files.read(path)).toBe(conflist.replace('"ipMasq": true', '"ipMasq": false'));
    await start('plain');
    expect(await node1.run(['iptables', '-t', 'nat', '-S'])).not.toContain('MASQUERADE');
    expect(await ask('plain')).toEqual(redirected('10.89.4.4'));
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await node1.files.read(path)).toBe(conflist);
  });
});
