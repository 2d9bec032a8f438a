/**
 * World of the hostile container: a node with three redirected networks at two gateways and one that is not redirected,
 * published ports, a neighbour on the LAN, and captures on every path.
 */
import type { Family } from '../../../src/address/cidr.ts';
import { runOrFail } from '../../../src/host/process/exec.ts';
import { execInside, inNetwork } from '../../../src/host/process/namespaces.ts';
import { filePath } from '../../../src/lab/example-file.ts';
import { addressesOf, type Sysctls } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { thisMachine, type World } from '../../../src/lab/world.ts';
import { mustSucceed } from '../program.ts';
import { createTestWorld } from '../test-world.ts';
import type { CapturePoint } from './capture.ts';
import { hostileFile, type Steering } from './file.ts';
import { flowPorts } from './flow-packets.ts';
import type { LinkAddresses } from './packets.ts';
import type { Place } from './places.ts';
import { more, networkNames, published, sceneOf } from './scene.ts';

export const families = [4, 6] as const;

export interface HostileWorld {
  readonly world: World;
  /** hosts of the file */
  readonly hosts: { readonly node1: TestHost; readonly gw1: TestHost; readonly gw2: TestHost };
  /** file of the hostile container's network namespace on node1 */
  readonly container: string;
  readonly macs: LinkAddresses;
  readonly points: Readonly<Record<Place, CapturePoint>>;
  /** another container of the network, which receives bridged frames */
  readonly inside: CapturePoint;
}

const containers = { evil: 'web', other: 'web', near: 'near', post: 'post', plain: 'plain' } as const;

export async function createHostileWorld(rpFilter: Sysctls['rpFilter']): Promise<HostileWorld> {
  const world = await createTestWorld({ engine: 'external', families, rpFilter });
  try {
    return await furnish(world, rpFilter);
  } catch (error) {
    await world.down();
    throw error;
  }
}

async function furnish(world: World, rpFilter: Sysctls['rpFilter']): Promise<HostileWorld> {
  const { node1, gw1, isp } = world.hosts;
  // br_netfilter must not pass the switch's forwarded frames to its IP layer.
  await world.hosts.switch.run(['sh', '-c', bridgeScript(0)]);
  const gw2 = await addHost(world, 'gw2', rpFilter);
  const neighbour = await addHost(world, 'neighbour', rpFilter);
  await addUplink(world, gw2);
  for (const family of families) {
    const { ispOnly, direct, directOfPost, lengths } = more[family];
    for (const address of [ispOnly, direct, directOfPost]) {
      await isp.run(['ip', 'address', 'add', `${address}/${lengths.host}`, 'dev', 'lo']);
    }
  }
  for (const name of networkNames) {
    await world.containers.createNetwork(name, ...families.map((family) => sceneOf(family).subnets[name]));
  }
  for (const [name, network] of Object.entries(containers)) await world.containers.start(name, network);
  await node1.run(['nft', '-f', '-'], { input: families.map(publishedText).join('') });
  for (const host of [node1, gw1, gw2]) await host.run(['sh', '-c', everyErrorScript]);
  const [ownMac, otherMac] = await Promise.all(['evil', 'other'].map((name) => macOf(node1, name)));
  return {
    world,
    hosts: { node1, gw1, gw2 },
    container: '/run/netns/evil',
    macs: { own: ownMac ?? '', other: otherMac ?? '', bridge: await macOf(node1, undefined, 'mr0') },
    points: await capturePoints(world, { gw2, neighbour }),
    inside: { host: inContainer(node1, 'other'), device: 'eth0', direction: 'in' },
  };
}

function inContainer(node1: TestHost, name: string): TestHost {
  return hostWithin(node1, name, (argv) => inNetwork(`/run/netns/${name}`, argv));
}

function hostWithin(
  outer: TestHost,
  name: string,
  enter: (argv: readonly string[]) => readonly string[],
): TestHost {
  const exec = execInside(outer.exec, enter);
  return {
    ...outer,
    name,
    exec,
    background: { start: (argv) => outer.background.start(enter(argv)) },
    run: (argv, options) => runOrFail(exec, argv, options),
  };
}

/**
 * Disables the limit for ICMP errors, one a second for each receiver, so that none is missing, and shortens their
 * delays: 3 s for an unreachable neighbour, 30 or 60 s for incomplete fragments.
 */
const everyErrorScript = `cd /proc/sys/net
echo 0 >ipv4/icmp_ratelimit; echo 0 >ipv6/icmp/ratelimit
for file in ipv4/icmp_msgs_per_sec ipv4/icmp_msgs_burst; do [ ! -e $file ] || echo 100000 >$file; done
for file in ipv4/neigh/*/retrans_time_ms ipv6/neigh/*/retrans_time_ms; do echo 100 >$file; done
for file in ipv4/ipfrag_time ipv6/ip6frag_time netfilter/nf_conntrack_frag6_timeout; do
  [ ! -e $file ] || echo 1 >$file
done`;

/** Script that sets bridge-nf-call: br_netfilter passes no bridged packets to the IP layer, or all of them. */
export function bridgeScript(value: 0 | 1): string {
  return `cd /proc/sys/net/bridge 2>/dev/null || exit 0; echo ${value} | tee bridge-nf-call-*tables`;
}

/** Adds a host to the LAN, in a namespace of the switch. */
async function addHost(world: World, name: 'gw2' | 'neighbour', rpFilter: number): Promise<TestHost> {
  const lan = world.hosts.switch;
  await lan.run(['ip', 'netns', 'add', name]);
  await lan.run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await lan.run(['ip', 'link', 'set', name, 'master', 'lan', 'up']);
  const host = hostWithin(lan, name, (argv) => ['ip', 'netns', 'exec', name, ...argv]);
  for (const device of ['all', 'default', 'eth0']) {
    await host.run(['sysctl', '-qw', `net.ipv4.conf.${device}.rp_filter=${rpFilter}`]);
  }
  await host.run(['ip', 'link', 'set', 'lo', 'up']);
  for (const family of families) {
    const { [name]: address, lengths } = more[family];
    await addAddress(host, `${address}/${lengths.lan}`, 'eth0', family);
  }
  await host.run(['ip', 'link', 'set', 'eth0', 'up']);
  for (const family of families) {
    await host.run(['ip', 'route', 'add', 'default', 'via', addressesOf(family).isp]);
  }
  return host;
}

/** Adds the second gateway's link to upstream. */
async function addUplink(world: World, gw2: TestHost): Promise<void> {
  const { upstream } = world.hosts;
  const peer = ['peer', 'name', 'gw2', 'netns', String(upstream.pid)];
  // Enters only the network namespace: the pid is that of the machine.
  const cable = ['ip', 'link', 'add', 'uplink2', 'type', 'veth', ...peer];
  await runOrFail(thisMachine().exec, inNetwork(world.hosts.switch.pid, cable));
  await world.hosts.switch.run(['ip', 'link', 'set', 'uplink2', 'netns', 'gw2', 'name', 'uplink0']);
  for (const family of families) {
    const { uplink2, upstream2, lengths } = more[family];
    await addAddress(gw2, `${uplink2}/${lengths.uplink}`, 'uplink0', family);
    await addAddress(upstream, `${upstream2}/${lengths.uplink}`, 'gw2', family);
  }
  await gw2.run(['ip', 'link', 'set', 'uplink0', 'up']);
  await upstream.run(['ip', 'link', 'set', 'gw2', 'up']);
}

async function addAddress(host: TestHost, address: string, device: string, family: Family): Promise<void> {
  const nodad = family === 6 ? ['nodad'] : [];
  await host.run(['ip', 'address', 'add', address, 'dev', device, ...nodad]);
}

function publishedText(family: Family): string {
  const { addresses } = sceneOf(family);
  const ip = family === 4 ? 'ip' : 'ip6';
  const to = (address: string): string => (family === 4 ? `${address}:80` : `[${address}]:80`);
  const rules = (
    [
      [published.own, addresses['same network']],
      [published.evil, addresses.own],
      [published.post, addresses.post],
      [published.plain, addresses.plain],
    ] as const
  ).flatMap(([port, address]) =>
    ['tcp', 'udp'].map((protocol) => `fib daddr type local ${protocol} dport ${port} dnat to ${to(address)}`),
  );
  return `table ${ip} published { chain pre {
    type nat hook prerouting priority dstnat
    ${rules.join('\n    ')}
  }; }
`;
}

async function macOf(node1: TestHost, container: string | undefined, device = 'eth0'): Promise<string> {
  const argv = ['ip', '-j', 'link', 'show', 'dev', device];
  const where = container === undefined ? argv : inNetwork(`/run/netns/${container}`, argv);
  const [link] = JSON.parse(await node1.run(where)) as { address: string }[];
  if (!link) throw new Error(`${container}: no ${device}`);
  return link.address;
}

async function capturePoints(
  { hosts: { node1, gw1, isp } }: World,
  { gw2, neighbour }: Readonly<Record<'gw2' | 'neighbour', TestHost>>,
): Promise<HostileWorld['points']> {
  const station = async (host: TestHost): Promise<CapturePoint> => ({
    host,
    device: 'eth0',
    direction: 'in',
    station: await macOf(host, undefined),
  });
  const leaving = (host: TestHost, device: string): CapturePoint => ({ host, device, direction: 'out' });
  return {
    isp: await station(isp),
    gateway: await station(gw1),
    uplink: leaving(gw1, 'uplink0'),
    'other gateway': await station(gw2),
    'other uplink': leaving(gw2, 'uplink0'),
    neighbour: await station(neighbour),
    near: leaving(node1, 'mr1'),
    post: leaving(node1, 'mr2'),
    plain: leaving(node1, 'mr3'),
  };
}

export async function applyAll({ hosts }: HostileWorld, steering: Steering): Promise<void> {
  for (const host of [hosts.gw1, hosts.gw2, hosts.node1]) {
    await host.files.replace(filePath, hostileFile(steering));
    await mustSucceed(host, 'apply', '--yes');
  }
}

/** Flushes wrong neighbours and stations; then the other container announces its real place. */
export async function forgetStations({ hosts: { node1 }, container, inside }: HostileWorld): Promise<void> {
  const flush = ['ip', 'neighbour', 'flush', 'all'];
  await Promise.all([
    node1.run([...flush, 'dev', 'mr0']),
    node1.run(inNetwork(container, flush)),
    inside.host.run(flush),
  ]);
  for (const family of families) {
    await inside.host.run(['ping', '-c', '1', '-W', '2', sceneOf(family).addresses['own bridge']]);
  }
}

const flowProgram = `
const [type, address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(type);
socket.on('message', () => socket.close());
socket.bind(Number(port), () => socket.send('hello', 80, address));
setTimeout(() => process.exit(), 2000).unref();
`;

/** Deletes old conntrack entries, and begins flows of other networks that crafted packets try to join. */
export async function beginFlows({ hosts }: HostileWorld): Promise<void> {
  for (const host of Object.values(hosts)) await host.run(['conntrack', '-F']);
  const begin = (name: keyof typeof flowPorts, family: Family) => {
    const argv = [`udp${family}`, addressesOf(family).internet, String(flowPorts[name])];
    return hosts.node1.run(inNetwork(`/run/netns/${name}`, [process.execPath, '-e', flowProgram, ...argv]));
  };
  await Promise.all(families.flatMap((family) => [begin('post', family), begin('plain', family)]));
}
