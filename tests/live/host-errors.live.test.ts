/**
 * ICMP errors of node and gateway about packets to redirected containers: they leave by the gateway. Without NAT, hosts
 * outside can reach a container by its address, so the test can cause every error that a reply may meet.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../src/address/cidr.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { noteOtherWay } from './leak-matrix/other-ways-section.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const families = [4, 6] as const satisfies readonly Family[];

let world: World;
let web: Readonly<Record<Family, string>>;

interface Case {
  readonly what: string;
  readonly by: 'node1' | 'gw1';
  /** ping command of the outside host */
  readonly ping: (family: Family) => readonly string[];
  /** With steering by fwmark, the packet is dropped: libvirt does not start a network whose subnet has a route. */
  readonly droppedByMark?: true;
  /** commands before and after */
  readonly make?: string;
  readonly undo?: string;
}

const toWeb = (family: Family): string => web[family];
const nobody = (family: Family): string => (family === 4 ? '10.89.4.200' : '2001:db8:89:4::200');

const cases: readonly Case[] = [
  { what: 'its hop limit ends on the node', by: 'node1', ping: (family) => ['-t', '2', toWeb(family)] },
  { what: 'its hop limit ends on the gateway', by: 'gw1', ping: (family) => ['-t', '1', toWeb(family)] },
  { what: 'the container is gone', by: 'node1', ping: (family) => [nobody(family)] },
  {
    what: 'the bridge is down',
    droppedByMark: true,
    by: 'node1',
    ping: (family) => [toWeb(family)],
    make: 'ip link set mr0 down',
    undo: 'ip link set mr0 up; ip -6 address replace 2001:db8:89:4::1/64 dev mr0 nodad',
  },
  {
    what: 'it is larger than the bridge takes',
    by: 'node1',
    ping: (family) => ['-M', 'do', '-s', '1400', toWeb(family)],
    make: 'ip link set mr0 mtu 1300',
    undo: 'ip link set mr0 mtu 1500',
  },
];

/** ICMP errors about pings from outside: those at the isp, and those that reach the sender. */
async function errorsAbout(
  { ping, make, undo }: Case,
  family: Family,
): Promise<{ isp: number; back: number }> {
  const { node1, upstream } = world.hosts;
  const { internet } = addressesOf(family);
  // ICMPv6 errors have types below 128.
  const error = family === 4 ? 'icmp and icmp[0] != 8 and icmp[0] != 0' : 'icmp6 and ip6[40] < 128';
  const filter = `${error} and dst host ${internet}`;
  const captures = await Promise.all([
    world.capture('isp', 'eth0', filter),
    world.capture('upstream', 'gw1', filter),
  ]);
  // Flushes MTUs learned from earlier errors.
  await upstream.run(['sh', '-c', 'ip route flush cache; ip -6 route flush cache']);
  if (make !== undefined) await node1.run(['sh', '-c', make]);
  const argv = ['ping', `-${family}`, '-I', internet, '-c', '4', '-i', '0.5', '-W', '2', ...ping(family)];
  await upstream.run(['sh', '-c', `${argv.join(' ')} || true`]);
  if (undo !== undefined) await node1.run(['sh', '-c', undo]);
  const [isp = [], back = []] = await Promise.all(captures.map((capture) => capture.stop()));
  return { isp: isp.length, back: back.length };
}

describe.each([
  ['rules', 0],
  ['marks', 16],
] as const)('an ICMP error about a packet to a container, steering by %s', (steering, more) => {
  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families, containersRouted: true });
    const { node1, gw1 } = world.hosts;
    const text = exampleFile('external', { families, snat: 'none', ...(more > 0 ? { more } : {}) });
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    const [four = '', six = ''] = await world.containers.addresses('web', network.name);
    web = { 4: four, 6: six };
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
  });
  afterAll(async () => {
    await world?.down();
  });

  const all = cases.flatMap((one) => families.map((family) => [family, one.what, one] as const));

  it.each(aShareOf(all, 2))(
    'of IPv%i leaves by the gateway, and nowhere else: %s',
    async (family, _what, one) => {
      const { isp, back } = await errorsAbout(one, family);
      expect(isp).toBe(0);
      expect(back > 0).toBe(steering === 'rules' || !one.droppedByMark);
    },
  );

  it.each(
    aShareOf(
      all.filter(([, , { droppedByMark }]) => !droppedByMark),
      2,
    ),
  )('control: of IPv%i is seen at the isp without the chain: %s', async (family, _what, one) => {
    const host = world.hosts[one.by];
    await host.run(['nft', 'flush', 'chain', 'inet', 'mustredirect', 'errors']);
    const { isp } = await errorsAbout(one, family);
    await mustSucceed(host, 'apply', '--yes');
    expect(isp).toBeGreaterThan(0);
    await noteOtherWay({
      what: `an ICMP error of a host about an answer, IPv${family}, by ${steering}: ${one.what}`,
      control: 'packets at the isp',
      applied: '0 at the isp, seen where the answer came from',
    });
  });
});
