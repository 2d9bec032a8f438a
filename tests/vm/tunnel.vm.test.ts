/** Gateways whose uplinks are real tunnels: the source is kept up to the gateway, and no packet takes another link. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { dumpHost } from '../../src/lab/host-dump.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from '../live/program.ts';
import { createTestWorld } from '../live/test-world.ts';
import { factsWanted, readFacts } from './tunnel-facts.ts';
import {
  containerOf,
  deviceOf,
  families,
  makeFarEnds,
  makeUnderlay,
  networkOf,
  outerMtu,
  subnetsOf,
  tunnelFile,
  tunnels,
} from './tunnel.ts';

/** MTU of the path from the third test on: what hosts have learned of it, they keep for minutes. */
const narrowMtu = 1400;

describe(`kernel ${release()}`, () => {
  let world: World;
  let before: unknown;

  const write = async (text: string): Promise<void> => {
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
  };
  /** Echo requests to what the containers ask for, that a link sees while they ask. */
  const requestsAt = async (host: 'isp' | 'gw1', act: () => Promise<unknown>): Promise<string[]> => {
    const targets = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
    const capture = await world.capture(host, 'eth0', targets);
    await act();
    return (await capture.stop()).map(({ source }) => source);
  };
  const pingFromAll = (): Promise<unknown> =>
    Promise.all(
      tunnels.map((_, index) =>
        world.hosts.node1.exec.run([
          'nsenter',
          `--net=/run/netns/${containerOf(index)}`,
          'sh',
          '-c',
          families.map((family) => `ping -c 2 -i 0.2 -W 1 ${addressesOf(family).internet}`).join('; '),
        ]),
      ),
    );
  const ownAddresses = tunnels.flatMap((_, index) => {
    const [four, six] = subnetsOf(index);
    return [four.replace('0/24', '2'), six.replace('/64', '2')];
  });

  beforeAll(async () => {
    // Modules bring devices that stay, such as gre0.
    for (const module of ['ip_gre', 'ip6_gre', 'sit', 'ip6_tunnel', 'wireguard']) {
      await thisMachine().exec.run(['modprobe', module]);
    }
    world = await createTestWorld({ engine: 'external', families });
    for (const index of tunnels.keys()) {
      await world.containers.createNetwork(networkOf(index), ...subnetsOf(index));
      await world.containers.start(containerOf(index), networkOf(index));
    }
    await makeUnderlay(world);
    await makeFarEnds(world, ({ farFirst }) => farFirst);
    await write(tunnelFile(({ first }) => first));
    before = await dumpHost(world.hosts.gw1);
  });
  afterAll(() => world.down());

  it('before apply, the isp sees what the containers send', async () => {
    expect((await requestsAt('isp', pingFromAll)).length).toBeGreaterThan(tunnels.length);
  });

  it('one apply makes all tunnels, which carry both families, with the MTU of the path', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    let facts: unknown;
    const atIsp = await requestsAt('isp', async () => {
      facts = await readFacts(world);
    });
    expect(facts).toEqual(tunnels.map((tunnel, index) => factsWanted(tunnel, index, tunnel.packets)));
    expect(atIsp).toEqual([]);
  });

  it('the gateway sees the containers’ own addresses', async () => {
    const sources = await requestsAt('gw1', pingFromAll);
    expect([...new Set(sources)].sort()).toEqual(ownAddresses.toSorted());
  });

  it('path MTU discovery works when the path becomes narrower, and apply follows it', async () => {
    const { gw1, upstream } = world.hosts;
    for (const host of [gw1, upstream]) await host.run(['ip', 'link', 'set', 'wan0', 'mtu', `${narrowMtu}`]);
    const { stdout } = await mustredirect(gw1, 'plan');
    for (const [index, { overhead }] of tunnels.entries()) {
      expect(stdout).toMatch(new RegExp(`tunnel ${deviceOf(index)}: .* mtu ${narrowMtu - overhead},`));
    }
    // The device still has the old MTU; the kernel tells the container of the new one all the same, but for WireGuard,
    // whose outer packets are cut.
    const narrow = await readFacts(world, { sizeOf: ({ overhead }) => outerMtu - overhead });
    for (const { name, learned, server } of narrow.filter((one) => !one.name.startsWith('wireguard'))) {
      const overhead = tunnels.find((tunnel) => tunnel.name === name)?.overhead ?? 0;
      expect([name, learned, server.length]).toEqual([
        name,
        families.map(() => `mtu ${narrowMtu - overhead}`),
        2,
      ]);
    }
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await readFacts(world)).toEqual(
      tunnels.map((tunnel, index) => factsWanted(tunnel, index, tunnel.packets, narrowMtu)),
    );
  });

  it('one apply changes them all: far end, key, TTL, port; and there is nothing to do afterwards', async () => {
    const { gw1 } = world.hosts;
    await makeFarEnds(world, ({ farChanged }) => farChanged);
    await write(tunnelFile(({ changed }) => changed));
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await mustSucceed(gw1, 'plan')).toContain('nothing to do');
    expect(await readFacts(world)).toEqual(
      tunnels.map((tunnel, index) => factsWanted(tunnel, index, tunnel.packetsChanged, narrowMtu)),
    );
  });

  it('they come back when somebody deletes them or sets them down; meanwhile nothing leaves', async () => {
    const { gw1 } = world.hosts;
    const faults = tunnels.map((_, index) =>
      index % 2 === 0 ? `ip link delete ${deviceOf(index)}` : `ip link set ${deviceOf(index)} down`,
    );
    await gw1.run(['sh', '-c', faults.join('; ')]);
    expect(await requestsAt('isp', pingFromAll)).toEqual([]);
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await readFacts(world)).toEqual(
      tunnels.map((tunnel, index) => factsWanted(tunnel, index, tunnel.packetsChanged, narrowMtu)),
    );
  });

  it('a gateway is closed, and says why: far end through the tunnel, local address gone, a foreign device', async () => {
    const { node1, gw1 } = world.hosts;
    const texts = tunnels.map(({ changed }) => changed);
    texts[0] = (texts[0] ?? '').replace(/remote: '[^']*'/, "remote: '203.0.113.77'");
    texts[3] = (texts[3] ?? '').replace(/local: '[^']*'/, "local: '198.51.100.5'");
    await gw1.run([
      'sh',
      '-c',
      `ip route add 203.0.113.77 dev ${deviceOf(0)}; ip link add foreign type dummy`,
    ]);
    await write(
      tunnelFile((_, index) => texts[index] ?? '').replace(`device: ${deviceOf(1)}\n`, 'device: foreign\n'),
    );
    const { exitCode, stdout, stderr } = await mustredirect(gw1, 'apply', '--yes');
    expect(exitCode).toBe(3);
    const said = `${stdout}${stderr}`;
    expect(said).toContain(
      '203.0.113.77, the far end of its tunnel tun0, is reached through the tunnel itself',
    );
    expect(said).toContain('198.51.100.5, where its tunnel tun3 starts, is not an address of this host');
    expect(said).toContain('device foreign exists, and mustredirect has not made it');
    expect(await requestsAt('isp', pingFromAll)).toEqual([]);
    for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
    // IPv6 has an MTU of its own, which does not grow with that of the link.
    const widen = 'ip link set wan0 mtu 1500; echo 1500 > /proc/sys/net/ipv6/conf/wan0/mtu';
    await gw1.run(['sh', '-c', `ip link delete foreign; ${widen}`]);
    await write(tunnelFile(({ first }) => first));
    expect(await dumpHost(gw1)).toEqual(before);
  });
});
