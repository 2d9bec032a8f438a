/** Packets with other settings of the file: NAT, uplinks, direct destinations, blocked traffic. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { type FileOptions, exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World, WorldOptions } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

let world: World;

afterEach(async () => {
  await world.down();
});

async function build(file: FileOptions, options: Partial<WorldOptions> = {}): Promise<string> {
  world = await createTestWorld({ engine: 'external', ...options });
  const { node1, gw1 } = world.hosts;
  const text = exampleFile('external', file);
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
  await world.containers.createNetwork(network.name, network.subnet);
  return world.containers.start('web', network.name);
}

async function apply(): Promise<void> {
  await mustSucceed(world.hosts.gw1, 'apply', '--yes');
  await mustSucceed(world.hosts.node1, 'apply', '--yes');
}

async function ask(address: string = addresses.internet): Promise<string> {
  const argv = ['timeout', '3', 'wget', '-qO-', `http://${address}`];
  return (await world.containers.run('web', argv)).stdout.trim();
}

/** Sources of packets to the internet address on a host's device, while the container sends requests. */
async function sourcesOn(host: 'isp' | 'upstream', device: string): Promise<string[]> {
  const capture = await world.capture(host, device, `dst host ${addresses.internet}`);
  await ask();
  await world.containers.run('web', ['ping', '-c', '3', '-i', '0.2', '-W', '1', addresses.internet]);
  return [...new Set((await capture.stop()).map(({ source }) => source))];
}

/** Script that deletes all rules with these preferences. */
function withoutRules(...preferences: readonly number[]): string {
  return preferences.map((one) => `while ip rule del pref ${one}; do :; done 2>/dev/null`).join('; ');
}

describe('source address upstream', () => {
  it('snat none: the container’s own, despite foreign masquerade', async () => {
    const web = await build({ snat: 'none' }, { containersRouted: true });
    await world.hosts.gw1.run(['nft', '-f', '-'], {
      input: `table ip theirs { chain post { type nat hook postrouting priority srcnat; oifname "uplink0" masquerade; }; }`,
    });
    await apply();
    expect(await ask()).toBe(`upstream saw ${web}`);
  });

  it('snat with an address: that address', async () => {
    await build({ snat: '198.51.100.7' });
    await world.hosts.upstream.run(['ip', 'route', 'add', '198.51.100.7/32', 'via', addresses.uplink]);
    await apply();
    expect(await ask()).toBe('upstream saw 198.51.100.7');
  });
});

describe('a packet without a conntrack entry', () => {
  /** Sources behind the uplink of a RST, for a connection whose entry on the gateway was deleted. */
  async function sourcesOfReset(): Promise<string[]> {
    const { node1, gw1 } = world.hosts;
    const connect = `const socket = require('node:net').connect(80, '${addresses.internet}', () => console.log('connected'));
process.stdin.once('data', () => socket.resetAndDestroy()).once('end', () => process.exit());`;
    const argv = inNetwork('/run/netns/web', [process.execPath, '-e', connect]);
    const client = await node1.background.start(argv);
    await vi.waitFor(() => expect(client.output().stdout).toContain('connected'), { timeout: 5000 });
    await gw1.run(['conntrack', '-D', '-s', network.subnet]);
    const capture = await world.capture('upstream', 'gw1', `tcp and dst host ${addresses.internet}`);
    client.write('reset');
    await gw1.run(['sleep', '0.5']);
    await client.stop();
    return [...new Set((await capture.stop()).map(({ source }) => source))];
  }

  it('does not leave by the uplink with the container’s own address', async () => {
    const web = await build({});
    await apply();
    await world.hosts.gw1.run(['nft', 'flush', 'chain', 'inet', 'mustredirect', 'translated']);
    expect(await sourcesOfReset()).toEqual([web]);
    await mustSucceed(world.hosts.gw1, 'apply', '--yes');
    expect(await sourcesOfReset()).toEqual([]);
    const { stdout } = await mustredirect(world.hosts.gw1, 'status', '--json');
    const { gateways } = JSON.parse(stdout) as { gateways: { served: { dropped: number }[] }[] };
    expect(gateways[0]?.served[0]?.dropped).toBeGreaterThan(0);
  });
});

describe('uplink', () => {
  it('without a next hop, on a point-to-point device', async () => {
    await build({});
    const { gw1, upstream } = world.hosts;
    // A veth without ARP has one neighbour, its other end, which gets this MAC address.
    const mac = '02:00:00:00:00:01';
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'address', mac, 'arp', 'off']);
    await upstream.run(['ip', 'link', 'set', 'gw1', 'address', mac, 'arp', 'off']);
    const text = exampleFile('external').replace(', via: 172.31.0.1', '');
    await Promise.all([world.hosts.node1, gw1].map((host) => host.files.replace(filePath, text)));
    await apply();
    expect(await gw1.run(['ip', 'route', 'show', 'table', '2184'])).toMatch(/^default dev uplink0/);
    expect(await ask()).toBe(`upstream saw ${addresses.uplink}`);
  });
});

describe('blocked', () => {
  it.each([
    ['the table is empty', 'node1', ['ip', 'route', 'flush', 'table', '2184']],
    ['the steering rule is gone', 'node1', ['sh', '-c', withoutRules(4100)]],
    ['steering and prohibit are gone', 'node1', ['sh', '-c', withoutRules(4100, 4200)]],
    ['the nft table is gone', 'node1', ['nft', 'flush', 'ruleset']],
    ['the uplink is down', 'gw1', ['ip', 'link', 'set', 'uplink0', 'down']],
    ['the gateway has no rules', 'gw1', ['sh', '-c', withoutRules(4100, 4200)]],
  ] as const)('when %s', async (_, host, argv) => {
    await build({});
    expect(await sourcesOn('isp', 'eth0')).toEqual([addresses.node1]);
    await apply();
    expect(await ask()).toBe(`upstream saw ${addresses.uplink}`);
    await world.hosts[host].run(argv);
    expect(await sourcesOn('isp', 'eth0')).toEqual([]);
  });

  it('when the gateway no longer serves the network, before the node applies the file', async () => {
    const web = await build({});
    await apply();
    const { gw1 } = world.hosts;
    const moved = exampleFile('external')
      .replace('via: office', 'via: hq')
      .replace('hosts:', 'hosts:\n  gw2: 192.168.50.3')
      .concat('  hq:\n    members:\n      - host: gw2\n        uplink: { device: gre1 }\n');
    await gw1.files.replace(filePath, moved);
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await sourcesOn('isp', 'eth0')).toEqual([]);
    // Control: after destroy, the gateway is an ordinary router.
    await mustSucceed(gw1, 'destroy', '--yes');
    await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    expect(await sourcesOn('isp', 'eth0')).toEqual([web]);
  });

  it('and counted by subnet when the guard drops packets', async () => {
    await build({});
    await apply();
    await world.hosts.node1.run(['sh', '-c', withoutRules(4100, 4200)]);
    await sourcesOn('isp', 'eth0');
    const { stdout } = await mustredirect(world.hosts.node1, 'status', '--json');
    const { networks } = JSON.parse(stdout) as { networks: { dropped: number }[] };
    expect(networks[0]?.dropped).toBeGreaterThanOrEqual(3);
  });
});

describe('continuing flows', () => {
  /** Runs a ping during a change; returns its sources at the isp afterwards. */
  async function seenAfter(change: () => Promise<unknown>): Promise<string[]> {
    const argv = inNetwork('/run/netns/web', ['ping', '-q', '-i', '0.05', addresses.internet]);
    const ping = await world.hosts.node1.background.start(endingWithStdin(argv));
    await world.hosts.isp.run(['sleep', '0.3']);
    await change();
    const capture = await world.capture('isp', 'eth0', `dst host ${addresses.internet}`);
    await world.hosts.isp.run(['sleep', '1']);
    await ping.stop();
    return (await capture.stop()).map(({ source }) => source);
  }

  it('leave by the gateway with their own address after apply', async () => {
    await build({ snat: 'none' }, { containersRouted: true });
    expect(await seenAfter(async () => undefined)).not.toEqual([]);
    expect(await seenAfter(apply)).toEqual([]);
    expect(await ask()).toMatch(/^upstream saw 10\.89\.4\./);
  });

  it('leave by the gateway when their destination is no longer direct', async () => {
    await build({ direct: [`${addresses.internet}/32`] });
    await apply();
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, exampleFile('external'));
    expect(await seenAfter(async () => undefined)).not.toEqual([]);
    expect(await seenAfter(() => mustSucceed(node1, 'apply', '--yes'))).toEqual([]);
  });

  it('are deleted by the next run when a run was killed before it deleted them', async () => {
    await build({});
    const { node1, gw1 } = world.hosts;
    await mustSucceed(gw1, 'apply', '--yes');
    await node1.files.replace(
      '/run/killing/conntrack',
      '#!/bin/sh\n[ "$1" = --version ] || kill -KILL $PPID\n',
    );
    await node1.run(['chmod', '+x', '/run/killing/conntrack']);
    const seen = await seenAfter(async () => {
      const killed = `PATH=/run/killing:$PATH exec ${programPath} apply --yes`;
      await node1.exec.run(['sh', '-c', killed]);
      expect(await mustSucceed(node1, 'apply', '--yes')).toContain('* conntrack: forget flows');
    });
    expect(seen).toEqual([]);
    expect(await ask()).toBe(`upstream saw ${addresses.uplink}`);
  });
});

describe('a foreign source address', () => {
  it('does not leave from the bridge of a redirected network, and is counted', async () => {
    await build({});
    const { node1 } = world.hosts;
    const inside = (...argv: string[]): Promise<string> =>
      node1.run(['nsenter', '--net=/run/netns/web', '--', ...argv]);
    await inside('ip', 'address', 'add', '10.77.0.5/32', 'dev', 'eth0');
    const send = async (): Promise<number> => {
      const capture = await world.capture('isp', 'eth0', 'src host 10.77.0.5');
      await world.containers.run('web', [
        'ping',
        '-c',
        '3',
        '-i',
        '0.2',
        '-W',
        '1',
        '-I',
        '10.77.0.5',
        addresses.internet,
      ]);
      return (await capture.stop()).length;
    };
    expect(await send()).toBe(3);
    await apply();
    expect(await send()).toBe(0);
    const counted = await node1.run(['nft', 'list', 'set', 'inet', 'mustredirect', 'spoofed']);
    expect(counted).toMatch(/"mr0" counter packets 3 /);
  });
});

describe('direct', () => {
  it.each([0, 1, 2] as const)('keeps the host’s own routing: rp_filter %i', async (rpFilter) => {
    await build({ direct: [`${addresses.internet}/32`] }, { rpFilter });
    await apply();
    expect(await ask()).toBe(`isp saw ${addresses.node1}`);
  });
});

describe('render', () => {
  it('prints a script with the same effect on a host without mustredirect', async () => {
    await build({ direct: ['192.168.50.0/24'] });
    const { node1, gw1 } = world.hosts;
    const before = await Promise.all([node1, gw1].map(dumpHost));
    const scripts = await Promise.all([node1, gw1].map((host) => mustSucceed(host, 'render')));
    await gw1.run(['sh'], { input: scripts[1] ?? '' });
    await node1.run(['sh'], { input: scripts[0] ?? '' });
    expect(await ask()).toBe(`upstream saw ${addresses.uplink}`);
    for (const host of [node1, gw1]) expect(await mustSucceed(host, 'plan')).toContain('nothing to do');
    for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
    // Changes by a script are not in the ledger; destroy removes everything that it recognises as ours.
    await gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '0\n');
    expect(await Promise.all([node1, gw1].map(dumpHost))).toEqual(before);
  });
});

describe.each(aShareOf(await podmanEngines()))('render with %s', (engine) => {
  it('prints the complete script after apply, too, including the network', async () => {
    world = await createTestWorld({ engine });
    const hosts = [world.hosts.node1, world.hosts.gw1];
    const render = () => Promise.all(hosts.map((host) => mustSucceed(host, 'render')));
    const dump = () => Promise.all(hosts.map(dumpHost));
    await Promise.all(hosts.map((host) => host.files.replace(filePath, exampleFile(engine))));
    expect((await render())[0]).toContain(
      `podman network create --label mustredirect=created --subnet ${network.subnet} ${network.name}`,
    );
    await apply();
    const applied = await dump();
    // Only now is the name of the bridge known.
    const scripts = await render();
    for (const host of hosts) await mustSucceed(host, 'destroy', '--yes');
    expect(differences(applied, await dump()).join('\n')).toMatch(
      /^- ip rule: 4200:\s+from 10.89.4.0\/24 .*blackhole/m,
    );

    await Promise.all(hosts.map((host, i) => host.run(['sh'], { input: scripts[i] ?? '' })));
    for (const [i, host] of hosts.entries()) {
      const again = await host.exec.run(['sh'], { input: scripts[i] ?? '' });
      expect(again).toMatchObject({ exitCode: 1, stderr: 'nft table inet mustredirect is there already' });
    }
    expect(differences(applied, await dump())).toEqual([]);
    for (const host of hosts) expect(await mustSucceed(host, 'plan')).toContain('nothing to do');
    await world.containers.start('web', network.name);
    expect(await ask()).toBe(`upstream saw ${addresses.uplink}`);
    expect(await render()).toEqual(scripts);
  });
});

/** Differences without the order in nft, our state files, and netavark's file, which has random ids. */
function differences(before: readonly HostDump[], after: readonly HostDump[]): string[] {
  const lines = after.flatMap((dump, i) => compareDumps(before[i] ?? {}, dump));
  return lines.filter(
    (line) => !/~ nft: | \/var\/lib\/mustredirect\/| \/etc\/containers\/networks\//.test(line),
  );
}
