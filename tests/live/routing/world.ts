/** A lab with two gateways, whose nodes and members exchange routes with BIRD. */
import { type Family, families } from '../../../src/address/cidr.ts';
import { createFiles } from '../../../src/host/files/files.ts';
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import { filePath } from '../../../src/lab/example-file.ts';
import { startHolder } from '../../../src/lab/holder.ts';
import { addressesOf, hostSysctls, network } from '../../../src/lab/layout.ts';
import { enterHost, type TestHost } from '../../../src/lab/test-host.ts';
import { thisMachine, type World, type WorldOptions } from '../../../src/lab/world.ts';
import { createTestWorld } from '../test-world.ts';
import type { LabEngine } from '../../../src/lab/engine.ts';

/** Addresses of the second gateway. */
export const second = {
  4: { lan: '192.168.50.3', uplink: '172.31.1.2', upstream: '172.31.1.1' },
  6: { lan: '2001:db8:50::3', uplink: '2001:db8:32::2', upstream: '2001:db8:32::1' },
} as const;

export interface RoutingWorld extends World {
  readonly gw2: TestHost;
}

/** Addresses of a gateway: on the LAN, and of both ends of its uplink. */
export type GatewayAddresses = Readonly<
  Record<Family, { readonly lan: string; readonly uplink: string; readonly upstream: string }>
>;

/**
 * @param name of the network with container `web`
 * @param options those of the world
 */
export async function createRoutingWorld(
  engine: LabEngine = 'external',
  name: string = network.name,
  options: Partial<WorldOptions> = {},
): Promise<RoutingWorld> {
  const world = await createTestWorld({ engine, families: [4, 6], ...options });
  const gw2 = await addGateway(world, 'gw2', second);
  await world.containers.createNetwork(name, network.subnet, network.subnet6);
  await world.containers.start('web', name);
  return { ...world, gw2 };
}

/** Another gateway beside gw1, with an uplink of its own to the same router. */
export async function addGateway(world: World, name: string, addresses: GatewayAddresses): Promise<TestHost> {
  const machine = thisMachine();
  const holder = await startHolder(createFiles(), {
    lab: world.name,
    host: name,
    sysctls: hostSysctls('gw1', { rpFilter: 2, srcValidMark: 0 }),
  });
  const gateway = enterHost(machine.exec, name, holder.pid);
  const batch = async (pid: number, lines: readonly string[]) => {
    const { exitCode, stderr } = await machine.exec.run(inNetwork(pid, ['ip', '-batch', '-']), {
      input: `${lines.join('\n')}\n`,
    });
    if (exitCode !== 0) throw new Error(stderr);
  };
  const { switch: lan, upstream } = world.hosts;
  await batch(lan.pid, [
    `link add ${name} type veth peer name eth0 netns ${holder.pid}`,
    `link set ${name} master lan up`,
  ]);
  await batch(holder.pid, [
    `link add uplink0 type veth peer name ${name} netns ${upstream.pid}`,
    ...([4, 6] as const).flatMap((family) => [
      `address add ${addresses[family].lan}/${family === 4 ? 24 : 64} dev eth0`,
      `address add ${addresses[family].uplink}/${family === 4 ? 30 : 64} dev uplink0`,
    ]),
    'link set lo up',
    'link set eth0 up',
    'link set uplink0 up',
    ...([4, 6] as const).map((family) => `route add default via ${addressesOf(family).isp}`),
  ]);
  await batch(upstream.pid, [
    ...([4, 6] as const).map(
      (family) => `address add ${addresses[family].upstream}/${family === 4 ? 30 : 64} dev ${name}`,
    ),
    `link set ${name} up`,
  ]);
  return gateway;
}

/** Writes the file to the three hosts. */
export async function writeFile(
  { hosts, gw2 }: RoutingWorld,
  ...parts: Parameters<typeof fileText>
): Promise<void> {
  const text = fileText(...parts);
  await Promise.all([hosts.node1, hosts.gw1, gw2].map((host) => host.files.replace(filePath, text)));
}

/**
 * @param routing between node and members
 * @param more lines of the gateway
 * @param uplinkRouting of both members; absent: a static default
 */
export function fileText(routing: string, more = '', uplinkRouting?: (neighbors: string) => string): string {
  const [v4, v6] = [addressesOf(4), addressesOf(6)];
  const uplink = (via4: string, via6: string) => {
    const neighbors = `[${via4}, '${via6}']`;
    return `{ device: uplink0, ${uplinkRouting ? `routing: ${uplinkRouting(neighbors)}` : `via: ${neighbors}`} }`;
  };
  return `version: 1
hosts:
  node1: [${v4.node1}, '${v6.node1}']
  gw1: [${v4.gw1}, '${v6.gw1}']
  gw2: [${second[4].lan}, '${second[6].lan}']
networks:
  ${network.name}:
    engine: external
    subnets: { node1: [${network.subnet}, '${network.subnet6}'] }
    via: office
gateways:
  office:
    members:
      - { host: gw1, uplink: ${uplink(v4.upstream, v6.upstream)} }
      - { host: gw2, uplink: ${uplink(second[4].upstream, second[6].upstream)} }
    routing: ${routing}
${more}`;
}

/** Default routes that BIRD has put into the node's table: `via 192.168.50.2 dev eth0`. */
export async function learnedDefault(node: TestHost, family: Family): Promise<string> {
  const text = await node.run(['ip', `-${family}`, 'route', 'show', 'table', '2184', 'proto', 'bird']);
  return / via (\S+)/.exec(text)?.[1] ?? 'none';
}

export async function waitFor(what: string, holds: () => Promise<boolean>, timeout = 60_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export type Member = 'gw1' | 'gw2' | 'none';

/** Waits until the node's default leads to this member in both families. */
export async function waitForMember({ hosts: { node1 } }: RoutingWorld, member: Member): Promise<void> {
  for (const family of families) {
    const address = { gw1: addressesOf(family).gw1, gw2: second[family].lan, none: 'none' }[member];
    await waitFor(`${member} in IPv${family}`, async () => (await learnedDefault(node1, family)) === address);
  }
}

/** Whether the container gets an answer, in each family. */
export function answers({ containers }: RoutingWorld): Promise<boolean[]> {
  return Promise.all(
    families.map(async (family) => {
      const argv = ['ping', '-c', '1', '-W', '1', addressesOf(family).internet];
      return (await containers.run('web', argv)).exitCode === 0;
    }),
  );
}

/** Output of our BIRD on a host. */
export function birdc(host: TestHost, ...command: readonly string[]): Promise<string> {
  return host.run(['birdc', '-s', '/run/mustredirect/host.bird/bird.ctl', ...command]);
}
