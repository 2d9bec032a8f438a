/** Foreign objects near ours and with similar names: apply and destroy keep all of them unchanged. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabEngine } from '../../src/lab/engine.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import {
  conntrackEntries,
  foreignChains,
  foreignIp,
  foreignIptables,
  foreignFiles,
} from './foreign-objects.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const second = { name: 'second', subnet: '10.89.6.0/24' } as const;

/** Dump of foreign objects: ours are excluded by nft table name and protocol. No counters. */
const foreignParts = {
  rules: 'for f in -4 -6; do ip $f rule | grep -v "proto 136"; done',
  routes: 'for f in -4 -6; do ip $f route show table all | grep -v "proto 136"; done',
  nft: 'nft --stateless list ruleset',
  iptables: 'for p in iptables ip6tables; do $p-save | sed "/^#/d; s/ \\[.*//"; done',
  legacy: 'for p in iptables-legacy ip6tables-legacy; do $p-save | sed "/^#/d; s/ \\[.*//"; done',
  conntrack: 'conntrack -L -s 198.18.0.0/15 2>/dev/null | grep -o "src=.*" | sort',
  sysctls: 'sysctl -a 2>/dev/null | grep -E "^net.ipv[46]|nf_conntrack_(tcp|udp)"',
  links: 'ip -br link; ip -br address',
  // The masquerade setting of a network in the file is ours meanwhile; destroy shows that it is restored.
  files: `find /etc/cni /etc/containers /etc/iproute2 -type f -exec sha256sum {} + | sort -k 2 |
grep -v -E '/(${network.name}|${second.name}).conflist$'`,
} as const;

type Dump = Readonly<Record<keyof typeof foreignParts, string>>;

async function dumpForeign(host: TestHost): Promise<Dump> {
  const entries = await Promise.all(
    Object.entries(foreignParts).map(async ([part, script]) => {
      const { stdout } = await host.exec.run(['sh', '-c', script]);
      return [part, part === 'nft' ? withoutOurs(stdout) : stdout] as const;
    }),
  );
  return Object.fromEntries(entries) as Dump;
}

/** nft prints a table from its name to a brace at the beginning of a line. */
function withoutOurs(ruleset: string): string {
  return ruleset.replace(/^table inet mustredirect \{\n[^]*?^\}\n?/m, '').trimEnd();
}

async function fill(host: TestHost): Promise<void> {
  for (const script of [foreignIp, foreignIptables, foreignFiles, conntrackEntries]) {
    await host.run(['sh', '-ec', script]);
  }
  await host.run(['nft', '-f', '-'], { input: foreignChains });
}

/** @param edit changes the text of the example file */
async function apply(world: World, edit: (file: string) => string = (file) => file): Promise<void> {
  for (const host of [world.hosts.gw1, world.hosts.node1]) {
    await host.files.replace(filePath, edit(exampleFile(world.engine.engine)));
    await mustSucceed(host, 'apply', '--yes');
  }
}

async function rollback({ hosts: { node1, gw1 } }: World): Promise<void> {
  for (const host of [node1, gw1]) await mustSucceed(host, 'rollback', '--yes');
}

const anotherGateway = (file: string): string =>
  file.replaceAll('office', 'hq').concat('    table: 0x999\n    mark: 0x21\n');
const bothNetworks = (file: string): string =>
  anotherGateway(file).replace(
    'gateways:',
    `  ${second.name}:\n    engine: podman\n    subnets:\n      node1: ${second.subnet}\n    via: hq\ngateways:`,
  );
const secondAlone = (file: string): string =>
  anotherGateway(file).replace(network.name, second.name).replace(network.subnet, second.subnet);

describe.each(aShareOf(await podmanEngines()))('%s', (engine: LabEngine) => {
  let world: World;
  let start: readonly HostDump[];
  let foreign: readonly Dump[];
  const hosts = (): TestHost[] => [world.hosts.node1, world.hosts.gw1];

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const { containers } = world;
    await containers.createNetwork(network.name, network.subnet);
    await containers.createNetwork(second.name, second.subnet);
    await containers.createNetwork('theirs', '10.89.5.0/24');
    await containers.start('web', network.name);
    await containers.start('other', 'theirs');
    await Promise.all(hosts().map(fill));
    await Promise.all(hosts().map((host) => host.files.replace(filePath, exampleFile(engine))));
    start = await Promise.all(hosts().map(dumpHost));
    foreign = await Promise.all(hosts().map(dumpForeign));
  });

  afterAll(() => world?.down());

  it('has many foreign objects', () => {
    for (const dump of foreign) {
      expect(dump.rules).toContain('fwmark 0x80000/0xff0000');
      expect(dump.routes).toMatch(/table 2185/);
      expect(dump.nft).toMatch(/table bridge mustredirect \{/);
      expect(dump.nft).toMatch(/table netdev mustredirect \{/);
      expect(dump.iptables).toContain('--set-xmark 0x888/0xffffffff');
      expect(dump.conntrack.split('\n')).toHaveLength(3);
      expect(dump.files).toContain('/etc/cni/net.d/00-mustredirect.conf');
    }
  });

  it.each([
    ['apply', () => apply(world)],
    ['a change of the gateway', () => apply(world, anotherGateway)],
    ['another subnet', () => apply(world, bothNetworks)],
    ['a subnet less', () => apply(world, secondAlone)],
    ['rollback', () => rollback(world)],
    ['apply again', () => apply(world)],
  ] as const)('is unchanged after %s', async (_, change) => {
    await change();
    for (const host of hosts()) expect(await host.run(['ip', 'rule'])).toMatch(/^4100:/m);
    expect(await Promise.all(hosts().map(dumpForeign))).toEqual(foreign);
  });

  it('is unchanged after destroy, which removes all of our objects', async () => {
    for (const host of hosts()) await mustSucceed(host, 'destroy', '--yes');
    expect(await Promise.all(hosts().map(dumpForeign))).toEqual(foreign);
    await Promise.all(hosts().map((host) => host.files.replace(filePath, exampleFile(engine))));
    const end = await Promise.all(hosts().map(dumpHost));
    expect(end.flatMap((dump, index) => compareDumps(start[index] ?? {}, dump))).toEqual([]);
  });
});
