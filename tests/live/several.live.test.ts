/** Several networks, nodes and gateways: each packet takes the path of its own network. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { runOrFail } from '../../src/host/process/exec.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import type { Containers } from '../../src/lab/containers/containers.ts';
import { prepareNamespaces } from '../../src/lab/containers/namespaces.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

/** Addresses in addition to those of the lab; the switch is also a host on the LAN. */
const more = {
  4: {
    node2: '192.168.50.20',
    uplink: '172.31.1.2',
    upstream: '172.31.1.1',
    lengths: { lan: 24, uplink: 30 },
    web: '10.89.4.0/24',
    webOnNode2: '10.89.14.0/24',
    post: '10.89.5.0/24',
    plain: '10.77.0.0/24',
  },
  6: {
    node2: '2001:db8:50::20',
    uplink: '2001:db8:32::2',
    upstream: '2001:db8:32::1',
    lengths: { lan: 64, uplink: 64 },
    web: '2001:db8:89:4::/64',
    webOnNode2: '2001:db8:89:14::/64',
    post: '2001:db8:89:5::/64',
    plain: '2001:db8:77::/64',
  },
} as const;

/** @param direct direct destinations of network web */
function fileText(family: Family, direct = ''): string {
  const addresses = addressesOf(family);
  const { node2, web, webOnNode2, post, upstream } = more[family];
  return `version: 1
hosts:
  node1: ${addresses.node1}
  node2: ${node2}
  gw1: ${addresses.gw1}
networks:
  web:
    engine: external
    subnets: { node1: ${web}, node2: ${webOnNode2} }
    via: office
    direct: [${direct}]
  post:
    engine: external
    subnets: { node1: ${post} }
    via: mail
gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, via: ${addresses.upstream} } }]
    snat: masquerade
  mail:
    members: [{ host: gw1, uplink: { device: uplink1, via: ${upstream} } }]
    snat: masquerade
`;
}

const server = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];

describe.each([4, 6] as const)('several networks, nodes and gateways, IPv%i', (family) => {
  const addresses = addressesOf(family);
  const own = more[family];

  let world: World;
  /** containers of node 2 */
  let containers2: Containers;
  /** container name -> address */
  const at: Record<string, string> = {};

  async function applyFile(text: string): Promise<void> {
    const { gw1, node1 } = world.hosts;
    for (const host of [gw1, node1, world.hosts.switch]) {
      await host.files.replace(filePath, text);
      await mustSucceed(host, 'apply', '--yes');
    }
  }

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families: [family] });
    const { node1, gw1, upstream } = world.hosts;
    const { switch: node2 } = world.hosts;
    const nodad = family === 6 ? ['nodad'] : [];
    const { lan, uplink } = own.lengths;
    await node2.run(['ip', 'address', 'add', `${own.node2}/${lan}`, 'dev', 'lan', ...nodad]);
    await node2.run(['ip', 'route', 'add', 'default', 'via', addresses.isp]);
    // br_netfilter must not pass the switch's forwarded frames to its IP layer.
    await node2.run([
      'sh',
      '-c',
      'cd /proc/sys/net/bridge 2>/dev/null || exit 0; echo 0 | tee bridge-nf-call-ip*tables',
    ]);
    // Second link between gateway and upstream.
    const peer = ['peer', 'name', 'gw1b', 'netns', String(upstream.pid)];
    const cable = ['ip', 'link', 'add', 'uplink1', 'type', 'veth', ...peer];
    // Enters only the network namespace: the pid is that of the machine.
    await runOrFail(thisMachine().exec, inNetwork(gw1.pid, cable));
    await gw1.run(['ip', 'address', 'add', `${own.uplink}/${uplink}`, 'dev', 'uplink1', ...nodad]);
    await gw1.run(['ip', 'link', 'set', 'uplink1', 'up']);
    await upstream.run(['ip', 'address', 'add', `${own.upstream}/${uplink}`, 'dev', 'gw1b', ...nodad]);
    await upstream.run(['ip', 'link', 'set', 'gw1b', 'up']);
    containers2 = await prepareNamespaces(node2);
    await world.containers.createNetwork('web', own.web);
    await world.containers.createNetwork('post', own.post);
    await world.containers.createNetwork('plain', own.plain);
    await containers2.createNetwork('web', own.webOnNode2);
    for (const name of ['web', 'post', 'plain']) at[name] = await world.containers.start(name, name);
    at['web2'] = await containers2.start('web2', 'web');
    for (const name of ['post', 'plain']) await serve(node1, name);
    await serve(node2, 'web2');
  });

  afterAll(() => world?.down());

  /** Starts a server in a container, until the test ends. */
  async function serve(host: TestHost, container: string): Promise<void> {
    await host.background.start(endingWithStdin(inNetwork(`/run/netns/${container}`, server)));
  }

  async function answer(of: Containers, container: string): Promise<string> {
    return (
      await of.run(container, [
        'timeout',
        '3',
        'wget',
        '-qO-',
        `http://${family === 4 ? addresses.internet : `[${addresses.internet}]`}`,
      ])
    ).stdout.trim();
  }

  /** Reply of a container's server to a container of node 1. */
  async function ask(from: string, to: string): Promise<string> {
    return (await world.containers.run(from, ['timeout', '3', 'nc', at[to] ?? '', '80'])).stdout.trim();
  }

  it('control: all leave by the isp before apply', async () => {
    expect(await Promise.all([answer(world.containers, 'web'), answer(world.containers, 'post')])).toEqual(
      Array.from({ length: 2 }, () => `isp saw ${addresses.node1}`),
    );
    expect(await answer(containers2, 'web2')).toBe(`isp saw ${own.node2}`);
    expect(await ask('web', 'plain')).toBe('hello');
  });

  it('each network of a node uses its own gateway, a network on two nodes the same one', async () => {
    await applyFile(fileText(family));
    const gateway = await world.capture('gw1', 'eth0', `dst host ${addresses.internet}`);
    const isp = await world.capture('isp', 'eth0', `host ${addresses.internet}`);
    expect(await answer(world.containers, 'web')).toBe(`upstream saw ${addresses.uplink}`);
    expect(await answer(world.containers, 'post')).toBe(`upstream saw ${own.uplink}`);
    expect(await answer(containers2, 'web2')).toBe(`upstream saw ${addresses.uplink}`);
    expect(await answer(world.containers, 'plain')).toBe(`isp saw ${addresses.node1}`);
    const seen = new Set((await gateway.stop()).map(({ source }) => source));
    expect(seen).toEqual(new Set([at['web'], at['post'], at['web2']]));
    const atIsp = (await isp.stop()).filter(({ destination }) => destination === addresses.internet);
    expect([...new Set(atIsp.map(({ source }) => source))]).toEqual([addresses.node1]);
  });

  it('a redirected network of the same host is reached on the host itself', async () => {
    const gateway = await world.capture('gw1', 'eth0', `net ${own.post}`);
    expect(await ask('web', 'post')).toBe('hello');
    expect(await gateway.stop()).toEqual([]);
  });

  it('a redirected network of another host is reached through the gateway, with the container’s own address', async () => {
    const gateway = await world.capture('gw1', 'eth0', `dst net ${own.webOnNode2}`);
    const uplink = await world.capture('gw1', 'uplink0', `net ${own.webOnNode2}`);
    const isp = await world.capture('isp', 'eth0', `net ${own.webOnNode2}`);
    expect(await ask('web', 'web2')).toBe('hello');
    expect([...new Set((await gateway.stop()).map(({ source }) => source))]).toEqual([at['web']]);
    expect(await uplink.stop()).toEqual([]);
    expect(await isp.stop()).toEqual([]);
  });

  it('a network of the host that is not redirected is outside, unless it is direct in the file', async () => {
    const gateway = await world.capture('gw1', 'eth0', `dst net ${own.plain}`);
    expect(await ask('web', 'plain')).toBe('');
    expect((await gateway.stop()).length).toBeGreaterThan(0);
    await applyFile(fileText(family, own.plain));
    expect(await ask('web', 'plain')).toBe('hello');
    expect(await answer(world.containers, 'web')).toBe(`upstream saw ${addresses.uplink}`);
  });

  it('each network uses the other gateway after a change of the file', async () => {
    const swapped = fileText(family)
      .replace('via: office', 'via: x')
      .replace('via: mail', 'via: office')
      .replace('via: x', 'via: mail');
    await applyFile(swapped);
    expect(await answer(world.containers, 'web')).toBe(`upstream saw ${own.uplink}`);
    expect(await answer(world.containers, 'post')).toBe(`upstream saw ${addresses.uplink}`);
    expect(await answer(containers2, 'web2')).toBe(`upstream saw ${own.uplink}`);
  });

  it('destroy removes everything', async () => {
    for (const host of [world.hosts.node1, world.hosts.switch, world.hosts.gw1]) {
      await mustSucceed(host, 'destroy', '--yes');
    }
    expect(await answer(world.containers, 'web')).toBe(`isp saw ${addresses.node1}`);
    expect(await answer(containers2, 'web2')).toBe(`isp saw ${own.node2}`);
  });
});
