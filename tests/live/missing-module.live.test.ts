/** A gateway whose uplink is a tunnel, on a kernel that may have no module for it: real answers of a real kernel. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { dumpHost } from '../../src/lab/host-dump.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { oneTunnelFile } from '../vm/one-tunnel.ts';
import { makeUnderlay } from '../vm/tunnel.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

beforeAll(async () => {
  // Where there is one, it brings devices that stay, such as gre0.
  await thisMachine().exec.run(['modprobe', 'ip_gre']);
  world = await createTestWorld({ engine: 'external' });
  await makeUnderlay(world);
  await world.hosts.gw1.files.replace(filePath, oneTunnelFile);
});
afterAll(() => world.down());

/** The kernel of the test machines has no GRE; that of a virtual machine has. */
async function hasGre(): Promise<boolean> {
  const argv = ['unshare', '--net', 'ip', 'link', 'add', 'probe', 'type', 'gre'];
  const { stderr } = await thisMachine().exec.run(argv);
  return !stderr.includes('Unknown device type');
}

it('is closed, and says so before anything is changed, exactly when the kernel cannot make the tunnel', async () => {
  const { gw1 } = world.hosts;
  const missing = !(await hasGre());
  const before = await dumpHost(gw1);
  const planned = await mustredirect(gw1, 'plan');
  const message =
    'gateway office: this kernel has no module ip_gre, which the tunnel needs, or does not load it';
  expect(`${planned.stdout}${planned.stderr}`.includes(message)).toBe(missing);
  const { exitCode, stdout, stderr } = await mustredirect(gw1, 'apply', '--yes');
  expect({ exitCode, said: `${stdout}${stderr}`.includes(message) }).toEqual({
    exitCode: missing ? 3 : 0,
    said: missing,
  });
  const links = await gw1.run(['ip', '-o', 'link']);
  expect(links.includes(': uplink0@')).toBe(!missing);
  await mustSucceed(gw1, 'destroy', '--yes');
  // With the tunnel, modules were loaded, and their settings stay.
  expect(missing ? await dumpHost(gw1) : before).toEqual(before);
});
