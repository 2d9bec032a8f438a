/** Docker's own rules, and a firewall like that of a distribution, drop no redirected packets: nothing is reported. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'docker' });
  const { containers, hosts } = world;
  await containers.createNetwork(network.name, network.subnet);
  await containers.start('web', network.name);
  for (const host of [hosts.gw1, hosts.node1]) await host.files.replace(filePath, exampleFile('docker'));
});

afterAll(() => world?.down());

/** Like firewalld: a table of its own, established traffic, a reverse path filter for IPv6, and a final reject. */
const firewall = `table inet firewalld {
  chain mangle_PREROUTING { type filter hook prerouting priority -140; policy accept; meta nfproto ipv6 fib saddr . mark . iif oif missing drop; }
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    iifname "eth0" oifname "uplink0" accept
    reject with icmpx admin-prohibited
  }
}
`;

it.each(['node1', 'gw1'] as const)('apply and doctor report nothing on %s', async (name) => {
  const host = world.hosts[name];
  if (name === 'gw1') await host.run(['nft', '-f', '-'], { input: firewall });
  await mustSucceed(host, 'apply', '--yes');
  const { exitCode, stdout, stderr } = await mustredirect(host, 'doctor', '-v');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('nothing found')]);
  expect(stderr).not.toContain('not probed');
});

it('doctor reports drops when the same firewall lacks the rule', async () => {
  const { gw1 } = world.hosts;
  await gw1.run(['nft', '-f', '-'], {
    input: `delete table inet firewalld\n${firewall.replace('"uplink0"', '"eth9"')}`,
  });
  const { exitCode, stdout } = await mustredirect(gw1, 'doctor');
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(
    /are dropped by rule `reject with icmpx(?: type)? admin-prohibited` .*, which is firewalld's/,
  );
  expect(stdout).toContain('firewall-cmd --permanent');
});
