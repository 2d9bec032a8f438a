/** Redirection with real engines and real packets, with captures on every link. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Packet } from '../../src/host/capture/packet.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { containerEngines, createTestWorld } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const isp = `host ${addresses.internet}`;
const toInternet = ({ destination }: Packet): boolean => destination === addresses.internet;

interface Seen {
  readonly answer: string;
  readonly atGateway: readonly string[];
  readonly atUpstream: readonly string[];
  readonly atIsp: readonly string[];
}

/** Sends pings and requests from a container to the internet address; returns the sources on each link. */
async function trySending(world: World, container: string): Promise<Seen> {
  const captures = await Promise.all([
    world.capture('gw1', 'eth0', isp),
    world.capture('upstream', 'gw1', isp),
    world.capture('isp', 'eth0', isp),
  ]);
  await world.containers.run(container, ['ping', '-c', '2', '-i', '0.2', '-W', '1', addresses.internet]);
  const { stdout } = await world.containers.run(container, [
    'timeout',
    '3',
    'wget',
    '-qO-',
    `http://${addresses.internet}`,
  ]);
  const [gateway = [], upstream = [], wrong = []] = await Promise.all(
    captures.map((capture) => capture.stop()),
  );
  const sources = (packets: readonly Packet[]): string[] => [
    ...new Set(packets.filter(toInternet).map(({ source, protocol }) => `${protocol} ${source}`)),
  ];
  return {
    answer: stdout.trim(),
    atGateway: sources(gateway).sort(),
    atUpstream: sources(upstream).sort(),
    atIsp: sources(wrong).sort(),
  };
}

function redirected(address: string): Seen {
  return {
    answer: `upstream saw ${addresses.uplink}`,
    atGateway: [`icmp ${address}`, `tcp ${address}`],
    atUpstream: [`icmp ${addresses.uplink}`, `tcp ${addresses.uplink}`],
    atIsp: [],
  };
}

async function setSysctls(world: World, rpFilter: number, srcValidMark: number): Promise<void> {
  const script = `for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo ${rpFilter} >$f; done
for f in /proc/sys/net/ipv4/conf/*/src_valid_mark; do echo ${srcValidMark} >$f; done`;
  await Promise.all(Object.values(world.hosts).map((host) => host.run(['sh', '-c', script])));
}

describe.each(aShareOf(await containerEngines()))('%s', (engine) => {
  let world: World;
  let before: string;
  let after: string;
  let start: readonly HostDump[];

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((h) => h.files.replace(filePath, exampleFile(engine))));
    await world.containers.createNetwork(network.name, network.subnet);
    before = await world.containers.start('before', network.name);
    start = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
  });

  afterAll(async () => {
    await world?.down();
  });

  it('uses the isp before apply', async () => {
    const seen = await trySending(world, 'before');
    expect(seen).toEqual({
      answer: `isp saw ${addresses.node1}`,
      atGateway: [],
      atUpstream: [],
      atIsp: [`icmp ${addresses.node1}`, `tcp ${addresses.node1}`],
    });
  });

  it('fails verify before apply', async () => {
    const { exitCode, stdout } = await mustredirect(world.hosts.node1, 'verify', '--to', addresses.internet);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/FAILED +path/);
    expect(stdout).toMatch(/FAILED +source/);
  });

  it('is applied on both hosts, and delayed changes are listed', async () => {
    expect(await mustSucceed(world.hosts.gw1, 'apply', '--yes')).toContain('done: gw1 is as the file says');
    const said = await mustSucceed(world.hosts.node1, 'apply', '--yes');
    expect(said).toContain('done: node1 is as the file says');
    const waits = 'waiting: /etc/cni/net.d/mustredirect.conflist: ipMasq: false, until nothing is attached';
    expect(said.includes(`${waits} to ${network.name} (now: before)`)).toBe(engine === 'podman-cni');
    after = await world.containers.start('after', network.name);
  });

  it.each([0, 1, 2].flatMap((rp) => [0, 1].map((mark) => [rp, mark] as const)))(
    'uses the gateway for containers from before and after apply: rp_filter %i, src_valid_mark %i',
    async (rpFilter, srcValidMark) => {
      await setSysctls(world, rpFilter, srcValidMark);
      expect(await trySending(world, 'before')).toEqual(redirected(before));
      expect(await trySending(world, 'after')).toEqual(redirected(after));
    },
  );

  it('passes verify on the node and on the gateway', async () => {
    const target = `${addresses.internet}:80`;
    const onNode = await mustSucceed(world.hosts.node1, 'verify', '--to', target);
    expect(onNode).toMatch(/from container (before|after) \(10\.89\.4\.\d+\) to 203\.0\.113\.10/);
    expect(onNode).toContain('left by eth0 to 192.168.50.2');
    const onGateway = await mustSucceed(world.hosts.gw1, 'verify', '--to', target, '--json');
    const { checks } = JSON.parse(onGateway) as { checks: { check: string; ok: boolean }[] };
    expect(checks.map(({ check, ok }) => [check, ok])).toEqual([
      ['path', true],
      ['source', true],
      ['elsewhere', true],
      ['reach', true],
      ['others', true],
    ]);
  });

  it('has nothing to do in a second run, which changes nothing', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [node1, gw1]) {
      const dump = (): Promise<string> =>
        host.run(['sh', '-c', 'nft -a list ruleset; ip rule; ip route show table all']);
      const counted = await dump();
      expect(counted).toMatch(/counter packets [1-9]/);
      expect(await mustSucceed(host, 'apply', '--yes')).toContain('nothing to do');
      expect(await dump()).toBe(counted);
    }
  });

  it('counts redirected packets', async () => {
    const status = JSON.parse(await mustSucceed(world.hosts.node1, 'status', '--check', '--json')) as {
      networks: { packets: number; dropped: number }[];
    };
    expect(status.networks[0]?.packets).toBeGreaterThan(20);
    expect(status.networks[0]?.dropped).toBe(0);
  });

  it('detects and repairs missing objects', async () => {
    const { node1 } = world.hosts;
    await node1.run(['sh', '-c', 'while ip rule del preference 4100; do :; done 2>/dev/null']);
    const checked = await mustredirect(node1, 'status', '--check');
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toContain('+ rule 4100: from 10.89.4.0/24 ');
    await mustSucceed(node1, 'apply', '--yes');
    await mustSucceed(node1, 'status', '--check');
  });

  it('edits the conflist once no container is attached, and restores it byte for byte', async () => {
    const { node1, gw1 } = world.hosts;
    await world.containers.remove('before');
    await world.containers.remove('after');
    const said = await mustSucceed(node1, 'apply', '--yes');
    expect(said).not.toContain('waiting');
    const conflist = await node1.files.read('/etc/cni/net.d/mustredirect.conflist');
    expect(conflist?.includes('"ipMasq": false')).toBe(engine === 'podman-cni' ? true : undefined);
    const address = await world.containers.start('later', network.name);
    expect(await trySending(world, 'later')).toEqual(redirected(address));
    await mustSucceed(node1, 'destroy', '--yes');
    await mustSucceed(gw1, 'destroy', '--yes');
    await world.containers.remove('later');
    await world.containers.start('before', network.name);
    await setSysctls(world, 2, 0);
    const end = await Promise.all([dumpHost(node1), dumpHost(gw1)]);
    const left = end.flatMap((dump, i) => compareDumps(start[i] ?? {}, dump));
    expect(left.filter((line) => !ofContainers.test(line))).toEqual([]);
    expect((await trySending(world, 'before')).answer).toBe(`isp saw ${addresses.node1}`);
  });
});

/** Lines with names and numbers of containers, which differ after containers were started and removed. */
const ofContainers = /~ nft|veth|podman\d|br-[0-9a-f]{12}|10\.89\.4\.\d+( |$)|CNI-|NETAVARK|fe80::|ff00::/;
