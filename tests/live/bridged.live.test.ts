/**
 * Traffic inside the bridge of a redirected network with br_netfilter, which passes it to the firewall: it is allowed,
 * and not counted as dropped.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { families } from './leak-matrix/families.ts';
import { noteOtherWay } from './leak-matrix/other-ways-section.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

const switches = ['iptables', 'ip6tables', 'arptables'].map(
  (name) => `/proc/sys/net/bridge/bridge-nf-call-${name}`,
);
/** number of networks that causes steering by fwmark */
const many = 16;

describe.each([
  ['rules', 0],
  ['marks', many],
] as const)('with br_netfilter, steered by %s', (by, more) => {
  let world: World;
  /** addresses of the other container, by family */
  const other: Partial<Record<4 | 6, string>> = {};

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families });
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    for (const name of ['web', 'other']) await world.containers.start(name, network.name);
    for (const address of await world.containers.addresses('other', network.name)) {
      other[address.includes(':') ? 6 : 4] = address;
    }
    for (const path of switches) await node1.files.overwrite(path, '1');
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, exampleFile('external', { families, more }));
      await mustSucceed(host, 'apply', '--yes');
    }
  });
  afterAll(() => world?.down());

  /** Traffic of each kind between containers of one network. */
  async function talk(): Promise<Readonly<Record<string, boolean>>> {
    const { node1 } = world.hosts;
    const answered = async (...argv: readonly string[]): Promise<boolean> =>
      (await world.containers.run('web', argv)).exitCode === 0;
    const ping = ['ping', '-c', '3', '-i', '0.2', '-W', '1'];
    // Flushed, so that neighbour discovery runs again.
    for (const name of ['web', 'other']) await node1.run(['ip', '-n', name, 'neigh', 'flush', 'all']);
    return {
      unicast4: await answered(...ping, other[4] ?? ''),
      unicast6: await answered(...ping, other[6] ?? ''),
      multicast6: await answered(...ping, 'ff02::1%eth0'),
      large6: await answered(...ping, '-s', '4000', other[6] ?? ''),
      large4: await answered(...ping, '-s', '4000', other[4] ?? ''),
    };
  }

  const all = { unicast4: true, unicast6: true, multicast6: true, large4: true, large6: true };

  it('passes, and is not counted as dropped', async () => {
    const { node1 } = world.hosts;
    expect(await talk()).toEqual(all);
    // Control: without the set of bridges whose frames the guard accepts, traffic is dropped.
    await node1.run(['nft', 'flush', 'set', 'inet', 'mustredirect', 'inside']);
    const cut = await talk();
    expect(Object.values(cut)).toContain(false);
    await mustSucceed(node1, 'destroy', '--yes');
    await mustSucceed(node1, 'apply', '--yes');
    expect(await talk()).toEqual(all);
    // Probes of verify are not counted either; with many networks, they take long.
    if (more === 0) await mustSucceed(node1, 'verify');
    const { stdout } = await mustredirect(node1, 'doctor', '--json');
    const found = JSON.parse(stdout) as { problem: string }[];
    expect(found.filter(({ problem }) => / packets /.test(problem))).toEqual([]);
    await noteOtherWay({
      what: `bridged between two containers, bridge-nf-call-* 1, by ${by}: pings answered`,
      control: `${Object.values(cut).filter(Boolean).length} of ${Object.keys(all).length}`,
      applied: `${Object.keys(all).length} of ${Object.keys(all).length}, none counted as stopped`,
    });
  });
});
