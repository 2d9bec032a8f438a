/** Findings of `doctor` on containers that can bypass every rule, and on links beside a network's bridge. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const image = 'localhost/lab';
const linkOfItsOwn =
  "it can make a link of its own in this host's network namespace, and leave by that past every rule";
const root = 'it can act as root of this host, and leave past every rule';
const others = 'it can take over processes that are not redirected, such as those of other containers';

/** Problems that doctor reports, one line each. */
async function problems(world: World): Promise<string[]> {
  const { stdout, stderr } = await mustredirect(world.hosts.node1, 'doctor', '--json');
  if (stderr !== '') throw new Error(stderr);
  const found = JSON.parse(stdout) as { readonly problem: string }[];
  return found.map(({ problem }) => problem);
}

describe.each(aShareOf(['podman-netavark', 'docker'] as const))('containers of %s', (engine) => {
  const program = programOf(engine);
  /** Docker requests capabilities that a test machine may lack; podman skips those. */
  const strongest: [string, string[], string] =
    engine === 'docker'
      ? ['CAP_NET_ADMIN and CAP_SYS_MODULE', ['--cap-add', 'NET_ADMIN', '--cap-add', 'SYS_MODULE'], root]
      : ['all capabilities', ['--privileged'], root];
  let world: World;

  /** Starts a container, returns its findings, and removes it. */
  async function found(name: string, ...options: readonly string[]): Promise<string[]> {
    const { node1 } = world.hosts;
    const run = [program, 'run', '--detach', '--name', name, ...options, image, 'sleep', '100000'];
    try {
      await node1.run(run);
      return await problems(world);
    } finally {
      await world.containers.remove(name);
    }
  }

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile(engine))));
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    await world.containers.createNetwork('lan', '10.77.0.0/24');
    await world.containers.start('usual', network.name);
  });

  afterAll(() => world?.down());

  it('with default options are not reported', async () => {
    expect(await problems(world)).toEqual([]);
  });

  it.each([
    ['CAP_NET_ADMIN', ['--cap-add', 'NET_ADMIN'], linkOfItsOwn],
    ['CAP_SYS_ADMIN', ['--cap-add', 'SYS_ADMIN'], root],
    strongest,
    ["this host's process ids", ['--pid', 'host'], others],
    ["CAP_NET_ADMIN and this host's process ids", ['--cap-add', 'NET_ADMIN', '--pid', 'host'], linkOfItsOwn],
  ])('are reported with %s', async (powers, options, consequence) => {
    expect(await found('strong', '--network', network.name, ...options)).toEqual([
      `network ${network.name}: container strong has ${powers} in this host's user namespace: ${consequence}`,
    ]);
  });

  it("are reported as a process when they share a container's network namespace", async () => {
    const said = await found('sidecar', '--network', 'container:usual', '--cap-add', 'NET_ADMIN');
    expect(said).toEqual([
      expect.stringMatching(
        new RegExp(
          `^network ${network.name}: process \\d+ \\(sleep\\), which shares the network namespace of container usual, has CAP_NET_ADMIN `,
        ),
      ),
    ]);
  });

  it('in a network that is not redirected are ignored', async () => {
    expect(await found('strong', '--network', 'lan', ...strongest[1])).toEqual([]);
  });

  it('are reported when their replies for another network are dropped', async () => {
    const { node1 } = world.hosts;
    const name = 'both';
    const first = engine === 'docker' ? 'lan' : `${network.name},lan`;
    await node1.run([program, 'create', '--name', name, '--network', first, image, 'sleep', '100000']);
    if (engine === 'docker') await node1.run(['docker', 'network', 'connect', network.name, name]);
    await node1.run([program, 'start', name]);
    try {
      const pid = (await node1.run([program, 'inspect', '--format', '{{.State.Pid}}', name])).trim();
      const inside = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', 'ip'];
      const lead = async (gateway: string) => {
        await node1.run([
          'sh',
          '-c',
          `while ${inside.join(' ')} route delete default 2>/dev/null; do :; done`,
        ]);
        await node1.run([...inside, 'route', 'add', 'default', 'via', gateway]);
      };
      await lead(network.subnet.replace(/0\/24$/, '1'));
      expect(await problems(world)).toEqual([
        expect.stringMatching(
          `container both: .* goes through ${network.name}: its replies from 10\\.77\\.0\\.\\d+ are dropped there`,
        ),
      ]);
      await lead('10.77.0.1');
      expect(await problems(world)).toEqual([
        expect.stringMatching(
          'container both: .* uses source address 10\\.77\\.0\\.\\d+, which is not redirected',
        ),
      ]);
    } finally {
      await world.containers.remove(name);
    }
  });

  it.each([
    ['named with all that root has', [], ["all capabilities and this host's process ids"]],
    [
      'none with the same in a user namespace of their own',
      ['unshare', '--user', '--map-root-user', '--'],
      [],
    ],
  ])('are %s', async (_, wrapper, powers) => {
    // Simulates an engine: another process in a container's network namespace.
    const { node1 } = world.hosts;
    const pid = (await node1.run([program, 'inspect', '--format', '{{.State.Pid}}', 'usual'])).trim();
    const inside = inNetwork(Number(pid), [...wrapper, 'sleep', '1000']);
    const running = await node1.background.start(endingWithStdin(inside));
    try {
      const all = (await node1.run(['sh', '-c', untilSleeping(pid)])).trim();
      expect(all).toBe('found');
      expect(await problems(world)).toEqual(
        powers.map((text) => expect.stringContaining(` has ${text} in`) as unknown),
      );
    } finally {
      await running.stop();
    }
  });
});

/** Waits for a second sleep process in the network namespace of a process. */
function untilSleeping(pid: string): string {
  return `for try in $(seq 50); do
    count=0
    for id in $(pidof sleep); do
      [ "$(readlink /proc/$id/ns/net)" = "$(readlink /proc/${pid}/ns/net)" ] && count=$((count + 1))
    done
    [ $count -ge 2 ] && echo found && exit
    sleep 0.1
  done`;
}

/** Shows on the wire why CAP_NET_ADMIN is reported. */
describe('a container with only CAP_NET_ADMIN', () => {
  const tunnel = (id: string) =>
    `ip link add esc0 link-netnsid ${id} type vxlan id 9 remote ${addresses.internet} dstport 4789`.split(
      ' ',
    );
  const netAdmin = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all,+net_admin'];
  let world: World;

  /** Id that a network namespace has for the namespace with the peer of its eth0. */
  async function numberOfHost(inside: (argv: readonly string[]) => readonly string[]): Promise<string> {
    const said = await world.hosts.node1.run(inside(['ip', '-o', 'link', 'show', 'eth0']));
    return /link-netnsid (\d+)/.exec(said)?.[1] ?? '';
  }

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'podman-netavark' });
    const { node1, gw1 } = world.hosts;
    await Promise.all(
      [node1, gw1].map((host) => host.files.replace(filePath, exampleFile('podman-netavark'))),
    );
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    await world.containers.start('web', network.name);
  });

  afterAll(() => world?.down());

  it("creates a tunnel in the host's namespace, and leaves by the isp", async () => {
    const { node1 } = world.hosts;
    const pid = Number(await node1.run(['podman', 'inspect', '--format', '{{.State.Pid}}', 'web']));
    const inside = (argv: readonly string[]) => inNetwork(pid, [...netAdmin, ...argv]);
    const isp = await world.capture('isp', 'eth0', 'udp port 4789');
    await node1.run(inside(tunnel(await numberOfHost(inside))));
    await node1.run(inside(['ip', 'link', 'set', 'esc0', 'up']));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const seen = await isp.stop();
    expect([...new Set(seen.map(({ source }) => source))]).toEqual([addresses.node1]);
    await node1.run(inside(['ip', 'link', 'delete', 'esc0']));
  });

  it('fails to do so in its own user namespace', async () => {
    const { node1 } = world.hosts;
    const own = ['unshare', '--user', '--map-root-user', '--net', '--', 'sleep', '1000'];
    const running = await node1.background.start(endingWithStdin(own));
    try {
      const newest = 'for i in $(seq 50); do pgrep -n -f "^sleep 1000$" && exit; sleep 0.1; done';
      const pid = (await node1.run(['sh', '-c', newest])).trim();
      const cable = `ip link add c9 type veth peer name eth0 netns ${pid}`;
      await node1.run(cable.split(' '));
      const inside = (argv: readonly string[]) => [
        'nsenter',
        `--target=${pid}`,
        '--user',
        '--net',
        '--',
        ...argv,
      ];
      await node1.run(inside(['ip', 'link', 'set', 'eth0', 'up']));
      const { exitCode, stderr } = await node1.exec.run(inside(tunnel(await numberOfHost(inside))));
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('Operation not permitted') as unknown,
      });
    } finally {
      await running.stop();
    }
  });
});

describe('links beside a bridge', () => {
  let world: World;
  let bridge: string;

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'podman-netavark' });
    const { node1, gw1 } = world.hosts;
    await Promise.all(
      [node1, gw1].map((host) => host.files.replace(filePath, exampleFile('podman-netavark'))),
    );
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    await world.containers.start('web', network.name);
    bridge = (
      await node1.run(['podman', 'network', 'inspect', '--format', '{{.NetworkInterface}}', network.name])
    ).trim();
  });

  afterAll(() => world?.down());

  it.each([
    [
      'a macvlan on it',
      ['link add top0 link BRIDGE type macvlan', 'link set top0 up'],
      'top0',
      'top0 (macvlan) is on top of its bridge BRIDGE: what containers send to top0 comes in by top0',
    ],
    [
      'VXLAN in it',
      ['link add vx0 type vxlan id 7 remote 192.168.50.77 dstport 4789', 'link set vx0 master BRIDGE'],
      'vx0',
      'vx0 (vxlan) is a port of its bridge BRIDGE: frames of containers leave by it',
    ],
    [
      'a macvlan of another link in it, as a cable',
      ['link add ext0 link eth0 type macvlan', 'link set ext0 master BRIDGE'],
      'ext0',
      'ext0 (macvlan) is a port of its bridge BRIDGE: frames of containers leave by it',
    ],
    [
      'a cable back to this host',
      ['link add va type veth peer name vb', 'link set va master BRIDGE'],
      'va',
      'va (veth) is a port of its bridge BRIDGE, and its other end vb is on this host too',
    ],
  ])('%s is reported by plan and doctor', async (_, commands, device, said) => {
    const { node1 } = world.hosts;
    const text = said.replace('BRIDGE', bridge);
    expect(await problems(world)).toEqual([]);
    for (const command of commands) await node1.run(['ip', ...command.replace('BRIDGE', bridge).split(' ')]);
    try {
      expect(await problems(world)).toEqual([expect.stringContaining(text)]);
      expect(await mustSucceed(node1, 'plan')).toContain(text);
    } finally {
      await node1.run(['ip', 'link', 'delete', device]);
    }
  });

  it('a tunnel that accepts packets from any sender is reported', async () => {
    const { node1 } = world.hosts;
    await node1.run('ip link add vx1 type vxlan id 8 remote 192.168.50.77 dstport 4789'.split(' '));
    await node1.run('ip link set vx1 up'.split(' '));
    expect(await problems(world)).toEqual([
      expect.stringContaining('vx1 (vxlan) takes encapsulated packets from any sender'),
    ]);
    await node1.run('ip link delete vx1'.split(' '));
  });

  it('another subnet on the bridge is reported', async () => {
    const { node1 } = world.hosts;
    await node1.run(['ip', 'address', 'add', '192.168.77.1/24', 'dev', bridge]);
    expect(await problems(world)).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`its bridge ${bridge} also has an address in 192.168.77.0/24`),
      ]),
    );
    await node1.run(['ip', 'address', 'delete', '192.168.77.1/24', 'dev', bridge]);
  });
});
