/** Steering by fwmark, used with many subnets: packets take the same paths, with any reverse path filter. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { anotherSubnet, exampleFile, filePath } from '../../src/lab/example-file.ts';
import { compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addresses, addressesOf, network } from '../../src/lab/layout.ts';
import { type World, type WorldOptions } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';
import { rowsToRun } from '../thorough.ts';

const families = [4, 6] as const;
/** With the lab's own, one more than the limit for rules by source. */
const more = 16;
const file = exampleFile('external', { families, more }).replace(
  'snat: masquerade',
  'snat: masquerade\n    publish: [{ port: 8080, to: WEB, to_port: 80 }]',
);

let world: World;
let web: string;

async function build(options: Partial<WorldOptions> = {}): Promise<void> {
  world = await createTestWorld({ engine: 'external', families, ...options });
  await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
  web = await world.containers.start('web', network.name);
}

async function apply(text: string): Promise<void> {
  const { gw1, node1 } = world.hosts;
  for (const host of [gw1, node1]) {
    await host.files.replace(filePath, text.replace('WEB', web));
    await mustSucceed(host, 'apply', '--yes');
  }
}

async function rulesOf(host: 'node1' | 'gw1'): Promise<string[]> {
  const { hosts } = world;
  const texts = await Promise.all(families.map((family) => hosts[host].run(['ip', `-${family}`, 'rule'])));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line.includes('proto 136'));
}

async function ask(container: string, url: string): Promise<string> {
  const { stdout } = await world.containers.run(container, ['timeout', '3', 'wget', '-qO-', url]);
  return stdout.trim();
}

async function pingFrom(container: string, address: string): Promise<boolean> {
  const argv = ['ping', '-c', '2', '-i', '0.2', '-W', '1', address];
  return (await world.containers.run(container, argv)).exitCode === 0;
}

/** Number of packets to the internet at the isp during an action, which must be 0. */
async function atIsp(act: () => Promise<void>): Promise<number> {
  const filter = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
  const capture = await world.capture('isp', 'eth0', filter);
  await act();
  return (await capture.stop()).length;
}

const modes = rowsToRun(
  ([0, 1, 2] as const).flatMap((rpFilter) =>
    ([0, 1] as const).map((srcValidMark) => ({ rpFilter, srcValidMark })),
  ),
  // A strict filter is the one that a mark may fail, with each value of the other; both occur once more.
  ({ rpFilter, srcValidMark }) => rpFilter === 1 || (rpFilter === 2 && srcValidMark === 0),
);

describe.each(modes)('rp_filter $rpFilter, src_valid_mark $srcValidMark', (sysctls) => {
  beforeAll(async () => {
    await build(sysctls);
    await world.containers.createNetwork('another0', ...families.map((family) => anotherSubnet(0, family)));
    await world.containers.start('other', 'another0');
  });

  afterAll(async () => {
    await world.down();
  });

  it("a container's packets are seen at the isp before apply, and not after", async () => {
    const talk = async (): Promise<void> => {
      for (const family of families) await pingFrom('web', addressesOf(family).internet);
    };
    expect(await atIsp(talk)).toBeGreaterThan(0);
    await apply(file);
    expect(await atIsp(talk)).toBe(0);
  });

  it('there is no rule for each source', async () => {
    expect((await rulesOf('node1')).length).toBeLessThan(20);
    expect((await rulesOf('gw1')).filter((line) => line.includes('10.'))).toEqual([]);
  });

  it.each(families)('packets leave by the gateway, and replies return: IPv%s', async (family) => {
    const { internet, uplink } = addressesOf(family);
    const url = `http://${family === 4 ? internet : `[${internet}]`}`;
    expect(await ask('web', url)).toBe(`upstream saw ${uplink}`);
    expect(await ask('other', url)).toBe(`upstream saw ${uplink}`);
  });

  it.each(families)('containers reach each other and their host: IPv%s', async (family) => {
    const neighbours = [addressesOf(family).node1, anotherSubnet(0, family).replace(/(::)?0?\/\d+$/, '$11')];
    expect(await Promise.all(neighbours.map((address) => pingFrom('web', address)))).toEqual([true, true]);
  });

  it('clients get replies from a published port of the gateway', async () => {
    const listen = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];
    await world.hosts.node1.background.start(endingWithStdin(inNetwork('/run/netns/web', listen)));
    const call = ['timeout', '3', 'busybox', 'nc', addresses.uplink, '8080'];
    const called = async () => (await world.hosts.upstream.exec.run(call)).stdout.trim();
    await expect.poll(called, { timeout: 5000 }).toBe('hello');
  });

  it('packets of the node to the outside with the address of a bridge are dropped', async () => {
    const bridge = network.subnet.replace('.0/24', '.1');
    const ping = ['ping', '-c', '2', '-i', '0.2', '-W', '1', '-I', bridge, addresses.internet];
    const seen = await world.capture('upstream', 'gw1', `icmp and dst host ${addresses.internet}`);
    const wrong = await atIsp(async () => {
      await world.hosts.node1.exec.run(ping);
    });
    expect([wrong, (await seen.stop()).length]).toEqual([0, 0]);
  });

  it('a second run has nothing to do, and destroy restores everything', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [node1, gw1]) {
      expect((await mustredirect(host, 'plan', '--check')).exitCode).toBe(0);
      await mustSucceed(host, 'destroy', '--yes');
      const marks = 'cat /proc/sys/net/ipv4/conf/*/src_valid_mark | sort -u';
      expect((await host.run(['sh', '-c', marks])).trim()).toBe(String(sysctls.srcValidMark));
    }
  });
});

describe('a change between steering by rules and by fwmark', () => {
  afterEach(async () => {
    await world.down();
  });

  it.each(rowsToRun([0, 1, 2] as const, (rpFilter) => rpFilter === 1))(
    'lets no packet out elsewhere, rp_filter %s',
    async (rpFilter) => {
      await build({ rpFilter });
      const { node1, gw1 } = world.hosts;
      const few = exampleFile('external', { families });
      await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, few)));
      const start = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
      await apply(few);
      const [rules] = await Promise.all([rulesOf('node1'), rulesOf('gw1')]);
      const filter = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');
      const capture = await world.capture('isp', 'eth0', filter);
      const pings = families.map((family) =>
        world.containers.run('web', ['ping', '-i', '0.01', '-w', '8', addressesOf(family).internet]),
      );
      for (const text of [file, few, file]) await apply(text);
      const answers = await Promise.all(pings);
      expect((await capture.stop()).length).toBe(0);
      for (const { stdout } of answers) {
        // Replies may be lost for some milliseconds during the change.
        expect(Number(/(\d+)% packet loss/.exec(stdout)?.[1])).toBeLessThan(10);
      }
      await apply(few);
      expect(await rulesOf('node1')).toEqual(rules);
      for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
      const end = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
      expect(start.map((dump, i) => compareDumps(dump, end[i] ?? dump))).toEqual([[], []]);
    },
  );
});
