/** Runs that make, change and remove tunnels, killed at boundaries between two steps. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { type Boundary, atBoundaries, runKilled } from '../live/killed.ts';
import { mustSucceed } from '../live/program.ts';
import { createTestWorld } from '../live/test-world.ts';
import { isThorough } from '../thorough.ts';
import { containerOf, families, makeUnderlay, networkOf, subnetsOf, tunnelFile, tunnels } from './tunnel.ts';

const two = tunnels.filter(({ name }) => name === 'gre with key' || name === 'wireguard over IPv6');
const ipip = tunnels.find(({ name }) => name === 'ipip')?.first ?? '';
/** Without a port in the file, the kernel chooses one, another each time. */
const firstFile = tunnelFile(({ first }) => first, two).replace(
  'wireguard: {',
  'wireguard: { listen_port: 51830,',
);
/** One tunnel becomes another kind, which the kernel cannot change; the other one is changed in place. */
const secondFile = tunnelFile(({ name, changed }) => (name === 'wireguard over IPv6' ? changed : ipip), two);

describe(`kernel ${release()}`, () => {
  let world: World;
  let clean: HostDump;

  const run = (...args: readonly string[]) => mustSucceed(world.hosts.gw1, ...args);
  const write = (text: string): Promise<void> => world.hosts.gw1.files.replace(filePath, text);
  /** The history has times and users. Key and counters of WireGuard are not printed. */
  const dump = async (): Promise<HostDump> => {
    const { files = [], 'ip route': routes = [], ...rest } = await dumpHost(world.hosts.gw1);
    const printed = await world.hosts.gw1.run([
      'sh',
      '-c',
      'ip -d -o link show | sed "s/^[0-9]*: //"; ip -o address show | sed "s/^[0-9]*: //"; wg showconf tun1 | grep -v PrivateKey || true',
    ]);
    return {
      ...rest,
      // The kernel lists tables, local addresses and links in the order in which they were made.
      'ip route': routes.toSorted(),
      devices: printed
        .split('\n')
        .filter((line) => line.startsWith('tun') || !line.includes(': '))
        .toSorted(),
      files: files.filter((line) => !line.endsWith('.history') && !line.endsWith(filePath)),
    };
  };
  const expectState = async (boundary: Boundary, wanted: HostDump): Promise<void> => {
    expect([boundary, compareDumps(wanted, await dump())]).toEqual([boundary, []]);
  };

  beforeAll(async () => {
    // Modules bring devices that stay, such as gre0.
    for (const module of ['ip_gre', 'sit', 'wireguard']) await thisMachine().exec.run(['modprobe', module]);
    world = await createTestWorld({ engine: 'external', families });
    await makeUnderlay(world);
    for (const index of two.keys()) {
      await world.containers.createNetwork(networkOf(index), ...subnetsOf(index));
      await world.containers.start(containerOf(index), networkOf(index));
    }
    await write(firstFile);
    clean = await dump();
  });
  afterAll(() => world.down());

  it('making and removing is finished by the next run, whichever that is', async () => {
    const { gw1 } = world.hosts;
    await run('apply', '--yes');
    const wanted = await dump();
    expect(compareDumps(clean, wanted).join('\n')).toContain('tun1');
    await run('destroy', '--yes');
    const count = await atBoundaries(async (boundary) => {
      const isMade = await runKilled(gw1, boundary, 'apply', '--yes');
      await run('apply', '--yes');
      await expectState(boundary, wanted);
      const isRemoved = await runKilled(gw1, boundary, 'destroy', '--yes');
      await run('apply', '--yes');
      await expectState(boundary, wanted);
      await runKilled(gw1, boundary, 'destroy', '--yes');
      await run('destroy', '--yes');
      await expectState(boundary, clean);
      await runKilled(gw1, boundary, 'apply', '--yes');
      await run('destroy', '--yes');
      await expectState(boundary, clean);
      return isMade || isRemoved;
    });
    expect(count).toBeGreaterThan(isThorough ? 6 : 0);
  });

  it('changing is finished by apply and undone by rollback, and nothing leaves by another way', async () => {
    const { node1, gw1 } = world.hosts;
    const targets = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
    const capture = await world.capture('isp', 'eth0', targets);
    const pings = await Promise.all(
      [...two.keys()].flatMap((index) =>
        families.map((family) =>
          node1.background.start([
            'nsenter',
            `--net=/run/netns/${containerOf(index)}`,
            'ping',
            '-i',
            '0.5',
            addressesOf(family).internet,
          ]),
        ),
      ),
    );
    while ((await capture.packets()).length < 8) await new Promise((resolve) => setTimeout(resolve, 500));
    await node1.files.replace(filePath, firstFile);
    await mustSucceed(node1, 'apply', '--yes');
    await capture.stop();

    await run('apply', '--yes');
    const first = await dump();
    await write(secondFile);
    await run('apply', '--yes');
    const second = await dump();
    expect(compareDumps(first, second).join('\n')).toContain('tun0');
    await run('rollback', '--yes');
    const closed = await world.capture('isp', 'eth0', targets);
    await expectState('done', first);
    const count = await atBoundaries(async (boundary) => {
      const isKilled = await runKilled(gw1, boundary, 'apply', '--yes');
      await run('apply', '--yes');
      await expectState(boundary, second);
      await run('rollback', '--yes');
      await expectState(boundary, first);
      if (!isKilled) return false;
      await runKilled(gw1, boundary, 'apply', '--yes');
      await run('rollback', '--yes');
      await expectState(boundary, first);
      return true;
    });
    expect(count).toBeGreaterThan(isThorough ? 3 : 0);
    expect(await closed.stop()).toEqual([]);
    await Promise.all(pings.map((ping) => ping.stop()));
  });
});
