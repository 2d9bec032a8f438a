/** Networks and gateways that do not match the file: they are blocked and reported, and the rest is applied. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostName, addresses, addressesOf, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { containerEngines, createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

let world: World;

afterEach(() => world?.down());

/** Number of three pings of a container that are seen at the isp and at the gateway's uplink. */
async function pings(container: string, family: Family = 4): Promise<{ isp: number; uplink: number }> {
  const { internet } = addressesOf(family);
  const filter = `dst host ${internet} and (icmp or icmp6)`;
  const [isp, uplink] = await Promise.all([
    world.capture('isp', 'eth0', filter),
    world.capture('gw1', 'uplink0', filter),
  ]);
  const argv = ['ping', `-${family}`, '-c', '3', '-i', '0.1', '-W', '1', internet];
  await world.containers.run(container, argv);
  return { isp: (await isp.stop()).length, uplink: (await uplink.stop()).length };
}

const astray = { isp: 3, uplink: 0 };
const redirected = { isp: 0, uplink: 3 };
const closed = { isp: 0, uplink: 0 };

async function write(host: HostName, text: string): Promise<void> {
  await world.hosts[host].files.replace(filePath, text);
}

/** Output of commands that fail, with their exit status. */
async function says(host: HostName, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mustredirect(world.hosts[host], ...args);
  return `${exitCode} ${stdout}${stderr}`;
}

describe.each(aShareOf(await containerEngines()))(
  'a network of %s that was recreated with another subnet',
  (engine) => {
    it('is blocked by the next apply, and reported by every command', async () => {
      const subnet = '10.99.0.0/24';
      world = await createTestWorld({ engine });
      const { node1, gw1 } = world.hosts;
      await world.containers.createNetwork(network.name, network.subnet);
      for (const host of [gw1, node1]) {
        await host.files.replace(filePath, exampleFile(engine));
        await mustSucceed(host, 'apply', '--yes');
      }
      await world.containers.start('before', network.name);
      expect(await pings('before')).toEqual(redirected);

      await node1.run([programOf(engine), 'rm', '--force', 'before']);
      await node1.run([programOf(engine), 'network', 'rm', network.name]);
      // Occupies the old bridge, which is guarded, so that podman does not reuse it.
      await world.containers.createNetwork('another', '10.98.0.0/24');
      await world.containers.createNetwork(network.name, subnet);
      await world.containers.start('c1', network.name);
      // Control: until the next run, packets leave by the isp, which mustredirect cannot know.
      expect(await pings('c1')).toEqual(astray);
      const what = new RegExp(
        `network ${network.name}: ${programOf(engine)} \\S+.* gave it ${subnet}, the file says ${network.subnet}: IPv4 closed, not redirected`,
      );
      expect(await says('node1', 'status', '--check')).toMatch(/^3 /);
      expect(await says('node1', 'plan', '--check')).toMatch(/^3 /);
      for (const command of [['status'], ['plan'], ['doctor'], ['verify']])
        expect(await says('node1', ...command)).toMatch(what);
      expect(await says('node1', 'verify')).toMatch(/^3 [^]*FAILED +path +left by eth0/);

      const applied = await says('node1', 'apply', '--yes');
      expect(applied).toMatch(/^3 /);
      expect(applied).toMatch(what);
      expect(applied).toMatch(new RegExp(`rule 4200: from ${subnet} .*(?:prohibit|blackhole)`));
      expect(applied).toContain('except for what is not ready: that is closed');
      expect(await pings('c1')).toEqual(closed);
      // Also for containers started later.
      await world.containers.start('c2', network.name);
      expect(await pings('c2')).toEqual(closed);
      expect(await says('node1', 'status', '--check')).toMatch(/^3 .*1 not ready/);
      expect(await says('node1', 'doctor')).toMatch(/^3 /);
      expect(await says('node1', 'verify')).toMatch(
        /^3 [^]*ok +path +came in by .*, and nothing left this host/,
      );
      const { notReady } = JSON.parse((await mustredirect(node1, 'plan', '--json')).stdout) as {
        notReady: unknown[];
      };
      expect(notReady).toMatchObject([{ what: `network ${network.name}`, family: 4 }]);

      for (const host of [gw1, node1]) {
        await host.files.replace(filePath, exampleFile(engine).replace(network.subnet, subnet));
        await mustSucceed(host, 'apply', '--yes');
      }
      expect(await pings('c1')).toEqual(redirected);
      await mustSucceed(node1, 'status', '--check');
    });
  },
);

describe('a part that is not ready', () => {
  it('may be a family whose address the node lacks: the other one is redirected', async () => {
    world = await createTestWorld({ engine: 'podman-netavark', families: [4, 6] });
    const { node1, gw1 } = world.hosts;
    const both = exampleFile('podman-netavark', { families: [4, 6] });
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('c1', network.name);
    // With another address for masquerade and a route to the isp, IPv6 would leave without mustredirect.
    const { isp, node1: own } = addressesOf(6);
    await node1.run(['ip', '-6', 'address', 'add', '2001:db8:77::1/128', 'dev', 'lo']);
    await node1.run(['ip', 'address', 'del', `${own}/64`, 'dev', 'eth0']);
    await node1.run(['ip', '-6', 'route', 'replace', 'default', 'via', isp, 'dev', 'eth0', 'onlink']);
    expect(await pings('c1', 6)).toEqual(astray);
    await write('gw1', both);
    await write('node1', both);
    await mustSucceed(gw1, 'apply', '--yes');
    const applied = await says('node1', 'apply', '--yes');
    expect(applied).toMatch(/^3 [^]*2001:db8:50::2 is not on a connected link: IPv6 closed, not redirected/);
    expect(await pings('c1', 4)).toEqual(redirected);
    expect(await pings('c1', 6)).toEqual(closed);
    // With nothing to do, it is reported again.
    expect(await says('node1', 'apply', '--yes')).toMatch(/^3 [^]*nothing to do/);

    await node1.run(['ip', 'address', 'add', `${own}/64`, 'dev', 'eth0', 'nodad']);
    await mustSucceed(node1, 'apply', '--yes');
    expect(await pings('c1', 6)).toEqual(redirected);
    // The address is removed: IPv6 is blocked again, and IPv4 is not affected.
    await node1.run(['ip', 'address', 'del', `${own}/64`, 'dev', 'eth0']);
    expect(await says('node1', 'apply', '--yes')).toMatch(/^3 /);
    expect(await pings('c1', 6)).toEqual(closed);
    expect(await pings('c1', 4)).toEqual(redirected);
  });

  it('may be one of two gateways, on the node and on the gateway host', async () => {
    world = await createTestWorld({ engine: 'podman-netavark' });
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork('web', '10.89.4.0/24');
    await world.containers.createNetwork('db', '10.89.6.0/24');
    await world.containers.start('c1', 'web');
    await world.containers.start('c2', 'db');
    expect([await pings('c1'), await pings('c2')]).toEqual([astray, astray]);
    await write('node1', twoGateways('10.1.1.1'));
    await write('gw1', twoGateways(addresses.gw1));
    await gw1.run(['ip', 'link', 'add', 'spare', 'type', 'bridge']);
    // The node has no route to the other gateway.
    expect(await says('gw1', 'apply', '--yes')).toMatch(/^3 [^]*gateway home: its uplink spare is down/);
    expect(await says('node1', 'apply', '--yes')).toMatch(
      /^3 [^]*network db: gateway home at 10.1.1.1 is not on a connected link: IPv4 closed/,
    );
    expect([await pings('c1'), await pings('c2')]).toEqual([redirected, closed]);
    // Now the node reaches it, but its uplink is down.
    await write('node1', twoGateways(addresses.gw1));
    await mustSucceed(node1, 'apply', '--yes');
    expect([await pings('c1'), await pings('c2')]).toEqual([redirected, closed]);
    await gw1.run(['ip', 'link', 'set', 'spare', 'up']);
    await gw1.run(['ip', 'address', 'add', '172.31.9.2/30', 'dev', 'spare']);
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await says('gw1', 'status', '--check')).toMatch(/^0 /);
  });

  it('may be an engine that fails, and a network that it lacks', async () => {
    world = await createTestWorld({ engine: 'podman-netavark' });
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork('web', '10.89.4.0/24');
    await world.containers.start('c1', 'web');
    await node1.run([
      'podman',
      'network',
      'create',
      '--driver',
      'macvlan',
      '--subnet',
      '10.98.0.0/24',
      'lan',
    ]);
    const more = `  lan: { engine: podman, subnets: { node1: 10.89.8.0/24 }, via: office }
  far: { engine: docker, subnets: { node1: 10.89.9.0/24 }, via: office }
`;
    const text = twoGateways(addresses.gw1).replace('gateways:\n', `${more}gateways:\n`);
    await write('node1', text);
    await write('gw1', text.replace('spare', 'uplink0'));
    await mustSucceed(gw1, 'apply', '--yes');
    const applied = await says('node1', 'apply', '--yes');
    expect(applied).toMatch(/^3 [^]*network lan: \S+lan.json has driver macvlan: closed, not redirected/);
    expect(applied).toMatch(/network far: docker cannot be queried: .*: closed, not redirected/);
    expect(await pings('c1')).toEqual(redirected);
  });
});

function twoGateways(home: string): string {
  expect(familyOf(home)).toBe(4);
  return `version: 1
hosts: { node1: ${addresses.node1}, gw1: ${addresses.gw1}, gw2: ${home === addresses.gw1 ? '10.1.1.1' : home} }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
  db: { engine: podman, subnets: { node1: 10.89.6.0/24 }, via: home }
gateways:
  office: { members: [{ host: gw1, uplink: { device: uplink0, via: ${addresses.upstream} } }], snat: masquerade }
  home: { members: [{ host: ${home === addresses.gw1 ? 'gw1' : 'gw2'}, uplink: { device: spare } }], snat: masquerade }
`;
}
