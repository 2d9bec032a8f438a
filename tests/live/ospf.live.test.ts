/** Routes between nodes and members by OSPF, with real BIRDs and real packets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { leaksDuring } from './routing/leaks.ts';
import {
  type RoutingWorld,
  birdc,
  createRoutingWorld,
  learnedDefault,
  second,
  waitFor,
  writeFile,
} from './routing/world.ts';

let world: RoutingWorld;
/** packets that the capture saw before the first apply */
let controlled: number;

const ospf = '{ protocol: ospf, password_file: /etc/ospf.password, bfd: { interval: 50ms } }';

beforeAll(async () => {
  world = await createRoutingWorld();
  await writeFile(world, ospf);
  for (const host of allHosts()) await host.files.replace('/etc/ospf.password', 'secret\n');
  controlled = await leaksDuring(world, async () => {
    await pings();
  });
  for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
});

afterAll(async () => {
  await world.down();
});

/** gateways first */
function allHosts(): TestHost[] {
  return [world.hosts.gw1, world.gw2, world.hosts.node1];
}

function pings(): Promise<boolean[]> {
  return Promise.all(
    families.map(async (family) => {
      const argv = ['ping', '-c', '1', '-W', '1', addressesOf(family).internet];
      return (await world.containers.run('web', argv)).exitCode === 0;
    }),
  );
}

async function waitForMember(member: 'gw1' | 'gw2' | 'none'): Promise<void> {
  for (const family of families) {
    const address = { gw1: addressesOf(family).gw1, gw2: second[family].lan, none: 'none' }[member];
    await waitFor(
      `${member} in IPv${family}`,
      async () => (await learnedDefault(world.hosts.node1, family)) === address,
      40_000,
    );
  }
}

describe('routes by OSPF', () => {
  it('lead to the first member, and an apply that changes nothing finds nothing to do', async () => {
    await waitForMember('gw1');
    expect(await pings()).toEqual([true, true]);
    for (const host of allHosts()) expect((await mustredirect(host, 'plan', '--check')).exitCode).toBe(0);
    // The default of gw2 is heard, too: OSPF tells all routers everything.
    expect(await mustSucceed(world.hosts.gw1, 'status')).toMatch(
      /office: nodes \(IPv6\): OSPF Running, .*, 1 accepted, 1 announced, refused: ::\/0 \(announced to the nodes by member gw2\)$/m,
    );
  });

  it('lead to the next member while the uplink of the first is cut, or its BIRD stands still', async () => {
    const { upstream, gw1 } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      await upstream.run(['ip', 'link', 'set', 'gw1', 'down']);
      await waitForMember('gw2');
      expect(await pings()).toEqual([true, true]);
      await upstream.run(['ip', 'link', 'set', 'gw1', 'up']);
      const address = `${addressesOf(6).upstream}/64`;
      await upstream.run(['ip', 'address', 'replace', address, 'dev', 'gw1', 'nodad']);
      await waitForMember('gw1');
      const signal = (name: string): Promise<string> =>
        gw1.run(['sh', '-c', `kill -${name} $(cat /run/mustredirect/host.bird/bird.pid)`]);
      await signal('STOP');
      await waitForMember('gw2');
      const { stdout } = await mustredirect(world.hosts.node1, 'doctor');
      expect(stdout).toContain('no routes by OSPF with members over IPv4: Running without gw1');
      await signal('CONT');
      await waitForMember('gw1');
    });
    expect(leaked).toBe(0);
    expect(controlled).toBeGreaterThan(0);
  });
});

describe('what a hostile node says by OSPF', () => {
  it('is refused: another subnet, a more specific, a default', async () => {
    const { node1, gw1 } = world.hosts;
    const path = '/run/mustredirect/host.bird/bird.conf';
    const text = (await node1.files.read(path)) ?? '';
    const said = ['10.99.0.0/16', '10.89.4.128/25', '0.0.0.0/0'];
    const more = said.map((one) => `  route ${one} unreachable;\n`);
    const own = '  route 10.89.4.0/24 unreachable;\n';
    await node1.files.replace(path, text.replace(own, own + more.join('')));
    await birdc(node1, 'configure');
    const refused = async (): Promise<string[]> => {
      const found = await birdc(gw1, 'show', 'route', 'filtered', 'protocol', 'ospf_member_office4');
      return (found.match(/^\d\S+(?= +unicast)/gm) ?? []).filter((one) => !one.startsWith('192.168.50.'));
    };
    await waitFor('refused routes', async () => (await refused()).length === said.length);
    expect((await refused()).sort()).toEqual(said.toSorted());
    const accepted = await birdc(gw1, 'show', 'route', 'protocol', 'ospf_member_office4');
    expect(accepted.match(/^\d\S+(?= +unicast)/gm)).toEqual(['10.89.4.0/24']);
    expect(await mustSucceed(gw1, 'status')).toContain('(not a subnet of node1 in the file)');
    await mustSucceed(node1, 'apply', '--yes');
    await waitForMember('gw1');
  });
});

describe('a wrong password', () => {
  it('closes the node, and doctor names it; the right one opens it', async () => {
    const { node1 } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      await node1.files.replace('/etc/ospf.password', 'other\n');
      await mustSucceed(node1, 'apply', '--yes');
      await waitForMember('none');
      expect(await pings()).toEqual([false, false]);
      const { stdout } = await mustredirect(node1, 'doctor');
      expect(stdout).toMatch(
        /OSPF with members over IPv4: .* has another password than that in \/etc\/ospf\.password/,
      );
      expect(stdout).toContain('both sides must have the same password');
    });
    expect(leaked).toBe(0);
    await node1.files.replace('/etc/ospf.password', 'secret\n');
    await mustSucceed(node1, 'apply', '--yes');
    await waitForMember('gw1');
  });
});

describe('destroy', () => {
  it('ends BIRD, and leaves no route', async () => {
    for (const host of allHosts().toReversed()) {
      await mustSucceed(host, 'destroy', '--yes');
      expect(await host.run(['ip', 'route', 'show', 'table', 'all', 'proto', 'bird'])).toBe('');
    }
  });
});
