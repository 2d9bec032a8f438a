/** Redirection of IPv6, and of both families: real podman, real packets, captures on every link. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Address, type Family, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World, WorldOptions } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const both = [4, 6] as const satisfies readonly Family[];
const engines = await podmanEngines();
let world: World;

interface Seen {
  readonly answer: string;
  readonly atGateway: readonly string[];
  readonly atUpstream: readonly string[];
  readonly atIsp: readonly string[];
}

/** Sends pings and requests of a family from a container to the internet address; returns the sources on each link. */
async function trySending(container: string, family: Family): Promise<Seen> {
  const { internet } = addressesOf(family);
  const filter = `host ${internet}`;
  const captures = await Promise.all([
    world.capture('gw1', 'eth0', filter),
    world.capture('upstream', 'gw1', filter),
    world.capture('isp', 'eth0', filter),
  ]);
  await world.containers.run(container, ['ping', '-c', '2', '-i', '0.2', '-W', '1', internet]);
  const url = `http://${family === 4 ? internet : `[${internet}]`}`;
  const { stdout } = await world.containers.run(container, ['timeout', '3', 'wget', '-qO-', url]);
  const [gateway = [], upstream = [], wrong = []] = await Promise.all(
    captures.map((capture) => capture.stop()),
  );
  const sources = (packets: readonly Packet[]): string[] => {
    const sent = packets.filter(({ destination, linkControl }) => destination === internet && !linkControl);
    return [...new Set(sent.map(({ source, protocol }) => `${protocol} ${source}`))].sort();
  };
  return {
    answer: stdout.trim(),
    atGateway: sources(gateway),
    atUpstream: sources(upstream),
    atIsp: sources(wrong),
  };
}

/** @param upstream source address seen upstream, if it is not the uplink's */
function redirected(address: Address, upstream = addressesOf(familyOf(address)).uplink): Seen {
  return {
    answer: `upstream saw ${upstream}`,
    atGateway: [`icmp ${address}`, `tcp ${address}`],
    atUpstream: [`icmp ${upstream}`, `tcp ${upstream}`],
    atIsp: [],
  };
}

function leaked(family: Family): Seen {
  const { node1 } = addressesOf(family);
  return {
    answer: `isp saw ${node1}`,
    atGateway: [],
    atUpstream: [],
    atIsp: [`icmp ${node1}`, `tcp ${node1}`],
  };
}

const stopped: Seen = { answer: '', atGateway: [], atUpstream: [], atIsp: [] };

async function writeFile(text: string): Promise<void> {
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
}

async function apply(): Promise<string> {
  await mustSucceed(world.hosts.gw1, 'apply', '--yes');
  return mustSucceed(world.hosts.node1, 'apply', '--yes');
}

describe.each(aShareOf(engines))('%s, both families', (engine) => {
  let before: readonly Address[];
  let after: readonly Address[];
  let start: readonly HostDump[];

  beforeAll(async () => {
    world = await createTestWorld({ engine, families: both });
    await writeFile(exampleFile(engine, { families: both }));
    await world.containers.createNetwork(network.name, ...both.map(subnetOf));
    await world.containers.start('before', network.name);
    before = await world.containers.addresses('before', network.name);
    start = await Promise.all([dumpHost(world.hosts.node1), dumpHost(world.hosts.gw1)]);
  });

  afterAll(async () => {
    await world?.down();
  });

  it('uses the isp before apply', async () => {
    for (const family of both) expect(await trySending('before', family)).toEqual(leaked(family));
  });

  it('uses the gateway for containers from before and after apply', async () => {
    await apply();
    await world.containers.start('after', network.name);
    after = await world.containers.addresses('after', network.name);
    expect([before, after].map((addresses) => addresses.map(familyOf))).toEqual([both, both]);
    for (const address of before) {
      expect(await trySending('before', familyOf(address))).toEqual(redirected(address));
    }
    for (const address of after) {
      expect(await trySending('after', familyOf(address))).toEqual(redirected(address));
    }
  });

  it('passes verify on the node and on the gateway', async () => {
    const targets = both.flatMap((family) => ['--to', addressesOf(family).internet]);
    for (const host of [world.hosts.node1, world.hosts.gw1]) {
      const said = await mustSucceed(host, 'verify', ...targets, '--json');
      const { checks } = JSON.parse(said) as {
        checks: { family: Family; check: string; ok: boolean }[];
      };
      for (const family of both) {
        const ofFamily = checks.filter((one) => one.family === family && one.check !== 'names');
        expect(ofFamily.map(({ check, ok }) => [check, ok])).toEqual([
          ['path', true],
          ['source', true],
          ['elsewhere', true],
          ['reach', true],
          ['others', true],
        ]);
      }
    }
  });

  it('has nothing to do in a second run', async () => {
    for (const host of [world.hosts.node1, world.hosts.gw1]) {
      expect(await mustSucceed(host, 'apply', '--yes')).toContain('nothing to do');
    }
  });

  it('detects and repairs missing IPv6 objects', async () => {
    const { node1 } = world.hosts;
    await node1.run(['sh', '-c', 'while ip -6 rule del preference 4100; do :; done 2>/dev/null']);
    const checked = await mustredirect(node1, 'status', '--check');
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toContain(`+ IPv6 rule 4100: from ${network.subnet6} `);
    // The other layers block meanwhile, and IPv4 is not affected.
    expect(await trySending('after', 6)).toEqual(stopped);
    expect((await trySending('after', 4)).answer).toBe(`upstream saw ${addressesOf(4).uplink}`);
    await mustSucceed(node1, 'apply', '--yes');
    await mustSucceed(node1, 'status', '--check');
    expect(await trySending('after', 6)).toEqual(redirected(after[1] ?? ''));
  });

  it('leaves nothing behind', async () => {
    const { node1, gw1 } = world.hosts;
    await world.containers.remove('after');
    await world.containers.remove('before');
    // Changes that wait for an empty network are made now, and restored by destroy.
    await mustSucceed(node1, 'apply', '--yes');
    await mustSucceed(node1, 'destroy', '--yes');
    await mustSucceed(gw1, 'destroy', '--yes');
    await world.containers.start('before', network.name);
    const end = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
    const left = end.flatMap((dump, i) => compareDumps(start[i] ?? {}, dump));
    expect(left.filter((line) => !ofContainers.test(line))).toEqual([]);
    for (const family of both) expect((await trySending('before', family)).answer).toContain('isp saw');
  });
});

/** Lines with names and numbers of containers, which differ after containers were started and removed. */
const ofContainers =
  /~ nft|veth|podman\d|10\.89\.4\.\d+( |$)|2001:db8:89:4::\w+( |$)|CNI-|NETAVARK|fe80::|ff00::|anycast/;

describe('with IPv6', () => {
  afterEach(() => world.down());

  async function build(text: string, options: Partial<WorldOptions> = {}): Promise<readonly Address[]> {
    world = await createTestWorld({ engine: 'external', families: both, ...options });
    await writeFile(text);
    await world.containers.createNetwork(network.name, ...world.families.map(subnetOf));
    await world.containers.start('web', network.name);
    return world.containers.addresses('web', network.name);
  }

  it('alone', async () => {
    const [web = ''] = await build(exampleFile('external', { families: [6] }), { families: [6] });
    expect(await trySending('web', 6)).toEqual(leaked(6));
    await apply();
    expect(await trySending('web', 6)).toEqual(redirected(web));
    const rules = await world.hosts.node1.run(['ip', '-4', 'rule']);
    // Without redirected subnets, all packets of the bridge are blocked.
    const ours = rules.split('\n').filter((line) => line.includes('proto 136'));
    expect(ours).toEqual([expect.stringMatching(/^4200:\s.* iif mr0 blackhole/)]);
  });

  it('snat none: the container’s own address, with both families', async () => {
    const file = exampleFile('external', { families: both, snat: 'none' });
    const addresses = await build(file, { containersRouted: true });
    await apply();
    for (const address of addresses) {
      expect(await trySending('web', familyOf(address))).toEqual(redirected(address, address));
    }
  });

  it('snat addresses: the one of each family', async () => {
    const snat = ['198.51.100.7', '2001:db8:7::7'];
    const addresses = await build(exampleFile('external', { families: both, snat: `[${snat.join(', ')}]` }));
    for (const address of snat) {
      const uplink = addressesOf(familyOf(address)).uplink;
      await world.hosts.upstream.run(['ip', 'route', 'add', address, 'via', uplink]);
    }
    await apply();
    for (const [i, address] of addresses.entries()) {
      expect(await trySending('web', familyOf(address))).toEqual(redirected(address, snat[i]));
    }
  });

  it('the uplink has a link-local next hop', async () => {
    const file = exampleFile('external', { families: both });
    const [, web = ''] = await build(file);
    const said = await world.hosts.upstream.run(['ip', '-6', '-o', 'address', 'show', 'dev', 'gw1']);
    const via = /inet6 (fe80::[\da-f:]+)/.exec(said)?.[1] ?? '';
    await writeFile(file.replace(addressesOf(6).upstream, via));
    await apply();
    const routes = await world.hosts.gw1.run(['ip', '-6', 'route', 'show', 'table', '2184']);
    expect(routes).toMatch(new RegExp(`^default via ${via} dev uplink0`, 'm'));
    expect(await trySending('web', 6)).toEqual(redirected(web));
    await mustSucceed(world.hosts.gw1, 'status', '--check');
    await mustSucceed(world.hosts.gw1, 'verify', '--to', addressesOf(6).internet);
  });

  it('ipv6: block, with an IPv4-only gateway: no IPv6 packet leaves', async () => {
    const file = exampleFile('external', { families: both })
      .replaceAll(/\[(192\.168\.50\.\d+|172\.31\.0\.1), [^\]]+\]/g, '$1')
      .replace('    via: office', '    via: office\n    ipv6: block');
    const [web = ''] = await build(file);
    expect(file).toContain(`node1: ${addressesOf(4).node1}\n`);
    expect(await trySending('web', 6)).toEqual(leaked(6));
    await apply();
    expect(await trySending('web', 4)).toEqual(redirected(web));
    expect(await trySending('web', 6)).toEqual(stopped);
    const report = await mustSucceed(world.hosts.node1, 'verify');
    expect(report).toMatch(/ok +path +came in by .*, and nothing left this host: the file blocks IPv6/);
  });

  it.each(aShareOf(engines))(
    'of %s that the file does not mention is blocked, and plan reports it',
    async (engine) => {
      const [web = ''] = await build(exampleFile(engine), { engine });
      expect(await trySending('web', 6)).toEqual(leaked(6));
      expect(await apply()).toMatch(/IPv6/);
      expect(await trySending('web', 4)).toEqual(redirected(web));
      expect(await trySending('web', 6)).toEqual(stopped);
    },
  );
});
