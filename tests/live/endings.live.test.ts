/**
 * End or reduction of a redirect while its containers send: no packet leaves by another path with the container's own
 * address, and packets that the host then routes itself have the host's address.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Family, contains, familyOf } from '../../src/address/cidr.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Sender, startFlows, untilRedirected } from './endings-sender.ts';
import { type EndingRow, endingsText } from './leak-matrix/endings-section.ts';
import { eachFamily, families } from './leak-matrix/families.ts';
import { readSection, writeSection, writesPage } from './leak-matrix/page.ts';
import { runKilled } from './killed.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

/** number of networks that causes steering by fwmark */
const many = 16;

interface Situation {
  readonly engine: LabEngine;
  readonly by: 'rules' | 'marks';
}

const situations: readonly Situation[] = [
  { engine: 'external', by: 'rules' },
  { engine: 'external', by: 'marks' },
  ...(await podmanEngines()).map((engine) => ({ engine, by: 'rules' }) as const),
  { engine: 'docker', by: 'rules' },
];

const rows: EndingRow[] = [];

describe.each(situations)('with $engine, by $by', ({ engine, by }) => {
  let world: World;
  let flows: Sender;
  // At least one more network, since a file needs one.
  const more = by === 'marks' ? many : 1;
  const whole = exampleFile(engine, { families, more });

  beforeAll(async () => {
    world = await createTestWorld({ engine, families });
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    // The node forwards packets to the isp, independent of earlier settings.
    const { files } = world.hosts.node1;
    await files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    await files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1\n');
    flows = await startFlows(world, 'web', families);
  });
  afterAll(async () => {
    await flows?.stop();
    await world?.down();
  });

  async function apply(text: string): Promise<void> {
    const { gw1, node1 } = world.hosts;
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, text);
      await mustSucceed(host, 'apply', '--yes');
    }
  }

  const internet = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');

  /** Packets at the isp during an action, and in the half second after it. */
  async function atIsp(
    act: () => Promise<unknown>,
  ): Promise<{ during: readonly Packet[]; after: readonly Packet[] }> {
    const look = async (work: () => Promise<unknown>): Promise<readonly Packet[]> => {
      const capture = await world.capture('isp', 'eth0', internet);
      await work();
      await flows.hold();
      const packets = await capture.stop();
      flows.goOn();
      return packets;
    };
    const during = await look(async () => {
      await act();
      await sleep(200);
    });
    return { during, after: await look(() => sleep(500)) };
  }

  const own = (packets: readonly Packet[]): string[] =>
    packets
      .filter(({ source }) => contains(subnetOf(familyOf(source)), source))
      .map(({ protocol, source }) => `${protocol} from ${source} of IPv${familyOf(source)}`);

  /** The source port is another one when a late answer to the sender's has become a flow of its own in conntrack. */
  const hostsDatagrams = (packets: readonly Packet[], family: Family): number =>
    packets.filter(({ source, protocol }) => protocol === 'udp' && source === addressesOf(family).node1)
      .length;

  async function begins(text = whole): Promise<void> {
    await apply(text);
    await untilRedirected(world);
  }

  const run = (...args: readonly string[]): Promise<string> => mustSucceed(world.hosts.node1, ...args);

  async function applyOnNode(text: string): Promise<void> {
    await world.hosts.node1.files.replace(filePath, text);
    await run('apply', '--yes');
  }

  const withoutNetwork = whole.replace(/^ {2}mustredirect:\n(?: {4}.*\n)+/m, '');
  const internetOf = (family: Family): string => `${addressesOf(family).internet}/${family === 4 ? 32 : 128}`;

  interface Ending {
    readonly what: string;
    readonly begin?: () => Promise<unknown>;
    readonly end: () => Promise<unknown>;
    /** families that leave by the isp afterwards */
    readonly open: readonly Family[];
  }

  const endings: readonly Ending[] = [
    { what: 'destroy', end: () => run('destroy', '--yes'), open: families },
    { what: 'its network is taken out of the file', end: () => applyOnNode(withoutNetwork), open: families },
    {
      what: 'its destination becomes direct',
      end: () => applyOnNode(exampleFile(engine, { families, more, direct: families.map(internetOf) })),
      open: families,
    },
    {
      what: 'a route makes its destination direct',
      end: () =>
        applyOnNode(
          whole.replace(
            'via: office\n',
            `via: office\n    routes: [{ to: [${families.map(internetOf).join(', ')}], via: direct }]\n`,
          ),
        ),
      open: families,
    },
    {
      what: 'its gateway gets another address',
      end: () => applyOnNode(whole.replace(/gw1: \[.*\]/, 'gw1: [192.168.50.3, 2001:db8:50::3]')),
      open: [],
    },
    {
      what: 'a family of it is blocked',
      end: () => applyOnNode(whole.replace('via: office\n', 'via: office\n    ipv6: block\n')),
      open: [],
    },
    {
      what: 'a subnet of it is taken out of the file',
      end: () => applyOnNode(whole.replace(`[${subnetOf(4)}, ${subnetOf(6)}]`, subnetOf(4))),
      open: [],
    },
    {
      what: 'a route leads its destination to another gateway',
      end: () => {
        const route = `    routes: [{ to: [${families.map(internetOf).join(', ')}], via: other }]`;
        const other = `  other:\n    members: [{ host: gw2, uplink: { device: uplink0 } }]\n    snat: masquerade\n`;
        return applyOnNode(
          `${whole
            .replace(/^ {2}gw1: .*$/m, '$&\n  gw2: [192.168.50.3, 2001:db8:50::3]')
            .replace('via: office\n', `via: office\n${route}\n`)
            .trimEnd()}\n${other}`,
        );
      },
      open: [],
    },
    { what: 'rollback', end: () => run('rollback', '--yes'), open: families },
    {
      what: 'nobody confirms it',
      begin: async () => {
        await run('destroy', '--yes');
        await run('apply', '--yes', '--confirm', '3s');
      },
      end: async () => {
        const { exec } = world.hosts.node1;
        const table = ['nft', 'list', 'table', 'inet', 'mustredirect'];
        for (let left = 100; (await exec.run(table)).exitCode === 0 && left > 0; left -= 1) await sleep(200);
      },
      open: families,
    },
    {
      what: 'it was cut off, and is undone',
      begin: async () => {
        await run('destroy', '--yes');
        await runKilled(world.hosts.node1, 'done', 'apply', '--yes');
      },
      end: () => run('rollback', '--yes'),
      open: families,
    },
    {
      what: 'destroy is killed before its last step, and run again',
      end: async () => {
        const { node1 } = world.hosts;
        let last = 0;
        while (await runKilled(node1, last, 'destroy', '--yes')) {
          last += 1;
          await sleep(50);
        }
      },
      open: families,
    },
  ];

  it.each(aShareOf(endings, 2 * situations.length))('$what', async ({ what, begin, end, open }) => {
    await run('destroy', '--yes');
    await begins();
    if (begin) {
      await begin();
      await untilRedirected(world);
    }
    const { during, after } = await atIsp(end);
    const packets = [...during, ...after];
    rows.push({
      what,
      engine,
      by,
      own: eachFamily((family) => own(packets).filter((said) => said.endsWith(` of IPv${family}`)).length),
      open: eachFamily((family) => hostsDatagrams(after, family) > 50),
    });
    expect(own(packets)).toEqual([]);
    expect(rows.at(-1)?.open, `after it, at the isp: ${JSON.stringify(countByFlow(after))}`).toEqual(
      eachFamily((family) => open.includes(family)),
    );
  });
});

/** Number of packets by protocol, source, and source port. */
function countByFlow(packets: readonly Packet[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { protocol, source, sourcePort } of packets) {
    const flow = `${protocol} ${source} ${sourcePort ?? ''}`;
    counts[flow] = (counts[flow] ?? 0) + 1;
  }
  return counts;
}

describe('docs/leak-matrix.md', () => {
  it('contains this section', async () => {
    const section = endingsText(rows);
    if (writesPage) await writeSection('Endings', section);
    expect(section).not.toContain('**packets**');
    const written = (await readSection('Endings')).split('\n');
    expect(section.split('\n').filter((line) => !written.includes(line))).toEqual([]);
  });
});
