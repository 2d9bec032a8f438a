/** Host shared with others: devices with odd names, and a user who holds our lock. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external' });
  await world.containers.createNetwork(network.name, network.subnet);
  await world.hosts.node1.files.replace(filePath, exampleFile('external'));
});

afterAll(async () => {
  await world?.down();
});

it('devices, rules and routes with odd names do not stop apply, blocking and destroy', async () => {
  const { node1 } = world.hosts;
  const names = ['a;b', 'a"b', "a'b", 'a\\b', 'ü🦊', '{}', '#x', '*', 'x\u0001y'];
  for (const [index, name] of names.entries()) {
    await node1.run(['ip', 'link', 'add', 'name', name, 'type', 'bridge']);
    await node1.run(['ip', 'link', 'set', 'dev', name, 'up']);
    const table = String(700 + index);
    await node1.run(['ip', 'route', 'add', '203.0.113.0/24', 'dev', name, 'table', table]);
    await node1.run(['ip', 'rule', 'add', 'pref', String(30000 + index), 'iif', name, 'lookup', table]);
  }
  await mustSucceed(node1, 'apply', '--closed', '--yes');
  await mustSucceed(node1, 'apply', '--yes');
  await mustSucceed(node1, 'status', '--check');
  await mustSucceed(node1, 'doctor');
  await mustSucceed(node1, 'destroy', '--yes', '-f', filePath);
  expect(await node1.run(['ip', 'rule'])).not.toContain('136');
});

it('a lock that another user holds blocks no run', async () => {
  const { node1 } = world.hosts;
  await node1.run([
    'sh',
    '-ec',
    'ls /run/mustredirect/*.lock; chmod 755 /run/mustredirect; chmod 644 /run/mustredirect/*',
  ]);
  const script = 'exec flock --no-fork -s /run/mustredirect/*.lock sh -c "echo held; exec sleep 100"';
  const hold = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups', 'sh', '-c', script];
  const stranger = await node1.background.start(endingWithStdin(hold));
  try {
    await expect.poll(() => stranger.output().stdout).toContain('held');
    await mustSucceed(node1, 'apply', '--yes', '--wait', '0');
    expect(stranger.ended()).toBe(false);
    expect(await node1.run(['sh', '-c', 'stat -c %a /run/mustredirect /run/mustredirect/*.lock'])).toMatch(
      /^700\n(600\n?)+$/,
    );
    await mustSucceed(node1, 'destroy', '--yes');
  } finally {
    await stranger.stop();
  }
  expect((await mustredirect(node1, 'doctor')).exitCode).toBe(3);
});
