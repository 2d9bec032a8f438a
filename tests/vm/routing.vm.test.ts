/**
 * Routes by BGP and OSPF over real tunnels, with BFD, of a router that is FRR: the container's own address arrives beyond
 * the tunnel of the first member, by GRE, and beyond that of the second, by WireGuard, when the first is cut.
 */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Family, families } from '../../src/address/cidr.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { network } from '../../src/lab/layout.ts';
import { thisMachine } from '../../src/lab/world.ts';
import { mustSucceed } from '../live/program.ts';
import { startFrr, stopFrr } from '../live/routing/frr.ts';
import { leaksDuring } from '../live/routing/leaks.ts';
import { bgpUpstream, ospfUpstream } from '../live/routing/upstream.ts';
import {
  type RoutingWorld,
  answers,
  birdc,
  createRoutingWorld,
  waitFor,
  waitForMember,
} from '../live/routing/world.ts';
import { makeTunnels, tunnelsText } from './routing-tunnels.ts';

/** An emulated processor is slow: a neighbour may be silent for seconds. */
const bfd = { interval: 1000, multiplier: 5 };
const between = `{ protocol: bgp, bfd: { interval: ${bfd.interval}ms, multiplier: ${bfd.multiplier} } }`;
/** milliseconds */
const patience = 300_000;

let world: RoutingWorld;
let container: Readonly<Record<Family, string>>;

beforeAll(async () => {
  // Modules bring devices that stay, such as gre0.
  for (const module of ['ip_gre', 'wireguard', 'nf_conntrack'])
    await thisMachine().exec.run(['modprobe', module]);
  world = await createRoutingWorld();
  const [v4 = '', v6 = ''] = await world.containers.addresses('web', network.name);
  container = { 4: v4, 6: v6 };
  await makeTunnels(world);
});
afterAll(() => world?.down());

/** Sources of the container's packets that come out of a tunnel of the upstream router. */
async function sourcesBy(member: 'gw1' | 'gw2'): Promise<string[]> {
  const capture = await world.capture('upstream', member, 'icmp[icmptype] == icmp-echo or ip6[40] == 128');
  await answers(world);
  return [...new Set((await capture.stop()).map(({ source }) => source))].sort();
}

async function untilAnswered(): Promise<void> {
  const all = async (): Promise<boolean> => (await answers(world)).every(Boolean);
  await waitFor('answers in both families', all, patience);
}

describe(`kernel ${release()}`, () => {
  describe.each([
    ['BGP', bgpUpstream],
    ['OSPF', ospfUpstream],
  ] as const)('%s over GRE and WireGuard', (_, upstreamOf) => {
    const upstream = upstreamOf(bfd);
    let before: readonly HostDump[];

    const dumps = (): Promise<HostDump[]> =>
      Promise.all([world.hosts.node1, world.hosts.gw1, world.gw2].map((host) => dumpHost(host)));

    it('is up, with the BIRD of this release, and the router sees the containers’ own addresses', async () => {
      const { hosts, gw2 } = world;
      const text = tunnelsText(between, '    snat: none\n', upstream.uplink);
      const all = [hosts.gw1, gw2, hosts.node1];
      for (const host of all) {
        await host.files.replace(filePath, text);
        await host.files.replace('/etc/bgp.password', 'secret\n');
      }
      before = await dumps();
      await startFrr(hosts.upstream, upstream.daemons, upstream.frr);
      for (const host of all) await mustSucceed(host, 'apply', '--yes');
      await waitForMember(world, 'gw1');
      await untilAnswered();
      expect(await sourcesBy('gw1')).toEqual(Object.values(container).sort());
      const version = /BIRD ([\d.]+)/.exec(await birdc(hosts.gw1, 'show', 'status'))?.[1] ?? '';
      const wanted: Readonly<Record<string, string>> = {
        'debian-12': '2.0.12',
        'debian-13': '2.17',
        sid: '2.2',
      };
      expect(version).toContain(wanted[process.env['VM_KERNEL'] ?? ''] ?? version);
      const sessions = await birdc(hosts.gw1, 'show', 'bfd', 'sessions');
      expect(sessions.split('\n').filter((line) => / tun0 +Up /.test(line))).toHaveLength(families.length);
    });

    it('has a second way by WireGuard when the tunnel of the first member is cut, and leaks nothing', async () => {
      const { upstream: router } = world.hosts;
      const leaked = await leaksDuring(world, async () => {
        await router.run(['ip', 'link', 'set', 'wan-gw1', 'down']);
        await waitForMember(world, 'gw2');
        await untilAnswered();
        expect(await sourcesBy('gw2')).toEqual(Object.values(container).sort());
        await router.run(['ip', 'link', 'set', 'wan-gw1', 'up']);
        await waitForMember(world, 'gw1');
        await untilAnswered();
      });
      expect(leaked).toBe(0);
    });

    it('is closed when both tunnels are cut, and destroy leaves every host as it was', async () => {
      const { hosts, gw2 } = world;
      const cut = (state: string): Promise<string> =>
        hosts.upstream.run(['sh', '-c', `ip link set wan-gw1 ${state}; ip link set wan-gw2 ${state}`]);
      const leaked = await leaksDuring(world, async () => {
        await cut('down');
        await waitForMember(world, 'none');
        expect(await answers(world)).toEqual([false, false]);
        await cut('up');
      });
      expect(leaked).toBe(0);
      for (const host of [hosts.node1, hosts.gw1, gw2]) await mustSucceed(host, 'destroy', '--yes');
      await stopFrr(hosts.upstream);
      const after = await dumps();
      expect(after.flatMap((dump, i) => compareDumps(before[i] ?? {}, dump))).toEqual([]);
      // Control: now packets leave by the isp.
      const seen = leaksDuring(world, async () => void (await answers(world)));
      expect(await seen).toBeGreaterThan(0);
    });
  });
});
