/** Changes of the file under traffic: which of them keep the sessions of the routing daemon, and which begin them anew. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { aShareOf } from '../thorough.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { startFrr } from './routing/frr.ts';
import { bgpUpstream } from './routing/upstream.ts';
import { birdSince, isSame, lostDuring, sessionsSince } from './routing/sessions.ts';
import { type RoutingWorld, answers, createRoutingWorld, fileText, waitFor } from './routing/world.ts';

/** BFD is slower than a busy machine's longest pause. */
const bfd = 'bfd: { interval: 300ms, multiplier: 10 }';
const lans = {
  BGP: `{ protocol: bgp, ${bfd} }`,
  OSPF: `{ protocol: ospf, password_file: /etc/ospf.password, hello: 1s, dead: 10s, ${bfd} }`,
} as const;
const upstream = bgpUpstream({ interval: 300, multiplier: 10 });

interface Change {
  readonly what: string;
  /** whether BIRD is told; it is not when its configuration has equal bytes */
  readonly configures: boolean;
  readonly edit: (text: string) => string;
}

/** Each is made on top of those before it. */
const kept: readonly Change[] = [
  { what: 'a comment', configures: false, edit: (text) => `${text}# nothing\n` },
  {
    what: 'a direct destination',
    configures: false,
    edit: (text) => text.replace('via: office\n', 'via: office\n    direct: [198.51.100.0/24]\n'),
  },
  {
    what: 'a further network of the node',
    configures: true,
    edit: (text) =>
      text.replace(
        'networks:\n',
        'networks:\n  more: { engine: external, subnets: { node1: 10.89.6.0/24 }, via: office }\n',
      ),
  },
  {
    what: 'a further node',
    configures: true,
    edit: (text) =>
      text
        .replace('hosts:\n', 'hosts:\n  node2: 192.168.50.11\n')
        .replace('subnets: {', 'subnets: { node2: 10.89.7.0/24,'),
  },
  {
    what: 'a further gateway',
    configures: true,
    edit: (text) =>
      `${text.replace(
        'networks:\n',
        'networks:\n  letters: { engine: external, subnets: { node1: 10.89.8.0/24 }, via: mail }\n',
      )}  mail:
    members: [{ host: gw2, uplink: { device: uplink0, via: 172.31.1.1 } }]
    routing: { protocol: bgp, port: 1791, bfd: { interval: 500ms, multiplier: 10 } }
`,
  },
  {
    what: 'BFD times of another gateway',
    configures: true,
    edit: (text) => text.replace('interval: 500ms', 'interval: 400ms'),
  },
  {
    what: 'BFD times of both sides',
    configures: true,
    edit: (text) => text.replaceAll('interval: 300ms', 'interval: 350ms'),
  },
  {
    what: 'the other member first',
    configures: true,
    edit: (text) => text.replace(/(.*host: gw1, .*\n)(.*host: gw2, .*\n)/, '$2$1'),
  },
  {
    what: 'a gateway less',
    configures: true,
    edit: (text) => text.replace(/^ {2}mail:\n[^]*/m, '').replace(/^ {2}letters: .*\n/m, ''),
  },
];

/** Names of sessions that were up before, and are not since the same time. */
function beganAnew(before: Record<string, number>, after: Record<string, number>): string[] {
  return Object.entries(before).flatMap(([name, since]) => (isSame(since, after[name]) ? [] : [name]));
}

describe.each(aShareOf(['BGP', 'OSPF'] as const))('with %s between nodes and members', (lan) => {
  let world: RoutingWorld;
  let text = fileText(lans[lan], '    snat: none\n', upstream.uplink);

  beforeAll(async () => {
    world = await createRoutingWorld();
    for (const host of allHosts()) {
      await host.files.replace('/etc/bgp.password', 'secret\n');
      await host.files.replace('/etc/ospf.password', 'secret\n');
    }
    await startFrr(world.hosts.upstream, upstream.daemons, upstream.frr);
    await applyEverywhere();
    await waitFor('answers', async () => (await answers(world)).every(Boolean));
  });

  afterAll(async () => {
    await world.down();
  });

  /** gateways first */
  function allHosts(): TestHost[] {
    return [world.hosts.gw1, world.gw2, world.hosts.node1];
  }

  async function applyEverywhere(): Promise<void> {
    for (const host of allHosts()) {
      await host.files.replace(filePath, text);
      await mustSucceed(host, 'apply', '--yes');
    }
  }

  it.each(kept)('$what: nothing is lost, and no session begins anew', async ({ configures, edit }) => {
    text = edit(text);
    const before = await Promise.all(allHosts().map(sessionsSince));
    const birds = await Promise.all(allHosts().map(birdSince));
    expect(await lostDuring(world, applyEverywhere)).toEqual({ lost: 0, adjacencies: 0 });
    const after = await Promise.all(allHosts().map(sessionsSince));
    const isWanted = (name: string): boolean => !name.includes('_mail_') || text.includes('\n  mail:');
    expect(before.flatMap((one, i) => beganAnew(one, after[i] ?? {})).filter(isWanted)).toEqual([]);
    const now = await Promise.all(allHosts().map(birdSince));
    expect(now.map(({ boot }, i) => isSame(boot, birds[i]?.boot))).toEqual([true, true, true]);
    expect(now.some(({ configured }, i) => !isSame(configured, birds[i]?.configured))).toBe(configures);
  });

  it('what has to begin sessions anew begins no others', async () => {
    for (const host of allHosts()) {
      expect((await mustredirect(host, 'plan', '--check')).exitCode).toBe(0);
      await host.files.replace('/etc/bgp.password', 'other\n');
    }
    const beganBy = async (edit: (file: string) => string): Promise<string[]> => {
      text = edit(text);
      const before = await Promise.all(allHosts().map(sessionsSince));
      await applyEverywhere();
      const after = await Promise.all(allHosts().map(sessionsSince));
      return [...new Set(before.flatMap((one, i) => beganAnew(one, after[i] ?? {})))].sort();
    };
    expect(await beganBy((file) => file)).toEqual(['uplink_member_office4', 'uplink_member_office6']);
    const all = ['member_office_node1', 'node_office_gw1', 'node_office_gw2'];
    const byPort = lan === 'BGP' ? all.flatMap((one) => [`${one}_4`, `${one}_6`]) : [];
    const withPort = (file: string): string =>
      file.replace('{ protocol: bgp, bfd', '{ protocol: bgp, port: 1792, bfd');
    expect(await beganBy(withPort)).toEqual(byPort);
  });
});
