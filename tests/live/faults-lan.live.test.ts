/** Sessions between a node and a member that do not come up: what doctor says on the node, and nothing leaks meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Said,
  type Setting,
  applyOn,
  faultSeen,
  passwordFile,
  sayings,
  sessionFindings,
  waitForDefaults,
} from './routing/faults.ts';
import { leaksDuring } from './routing/leaks.ts';
import { type RoutingWorld, birdc, createRoutingWorld } from './routing/world.ts';

let world: RoutingWorld;

interface Row {
  readonly fault: string;
  /** the node's file; the member's, where it has another */
  readonly node: Setting;
  readonly member?: Setting;
  /** the member's password; that of the node is `secret` */
  readonly password?: string;
  /** replaced in the configuration of the member's BIRD */
  readonly replace?: readonly [RegExp, string];
  /** what the member, the node or the switch runs before doctor, and afterwards */
  readonly shell?: readonly [where: 'gw1' | 'node1' | 'switch', before: string, after: string];
  /** the sessions come up first */
  readonly whenUp?: true;
  readonly defaults?: number;
  readonly says: readonly Said[];
}

const lan = (text: string): Setting => ({ lan: text });
const bgp = lan('{ protocol: bgp }');
const ospf = lan('{ protocol: ospf }');
const signed = lan(`{ protocol: ospf, password_file: ${passwordFile} }`);

const bird = (signal: string): string => `kill -${signal} $(cat /run/mustredirect/host.bird/bird.pid)`;
const drop = (match: string): string =>
  `nft 'add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i ${match} drop'`;
const undrop = 'nft delete table inet f';

const byBgp = (cause: string, remedy: RegExp): Said[] =>
  ['192\\.168\\.50\\.2', '2001:db8:50::2'].map((address) => [
    new RegExp(
      `no routes by BGP with member gw1 at ${address}: \\w+: ${cause.replaceAll('ADDRESS', address)}`,
    ),
    remedy,
  ]);
const byOspf = (cause: string, remedy: RegExp): Said[] =>
  [4, 6].map((family) => [
    new RegExp(`no routes by OSPF with members over IPv${family}: \\w+ without gw1: ${cause}`),
    remedy,
  ]);

const rows: readonly Row[] = [
  { fault: 'BGP: none', node: bgp, defaults: 2, says: [] },
  {
    fault: 'BGP: another port',
    node: bgp,
    member: lan('{ protocol: bgp, port: 1791 }'),
    says: byBgp(
      'nothing listens on TCP port 1790 of ADDRESS',
      /run `mustredirect apply` there: .*`port: 1790`/,
    ),
  },
  {
    fault: 'BGP: a member whose BIRD stands still',
    node: bgp,
    shell: ['gw1', bird('STOP'), bird('CONT')],
    whenUp: true,
    says: byBgp(
      'it (accepts the TCP connection, and says nothing|has said nothing for the hold time)',
      /stands still/,
    ),
  },
  {
    fault: 'BGP: another AS',
    node: bgp,
    replace: [/port 1790 as 4200000136/g, 'port 1790 as 4200000137'],
    says: byBgp(
      'it (says that it is in AS 4200000137, and the file has `peer_as: 4200000136`|refuses AS 4200000136)',
      /`mustredirect apply` there/,
    ),
  },
  {
    fault: 'BGP: a packet filter there',
    node: bgp,
    shell: ['gw1', drop('meta l4proto tcp'), undrop],
    says: byBgp(
      // In the moment in which a session that was up ends, there is nothing else to see.
      '(ADDRESS (opens connections, and|answers ping, and) does not answer|Error: Hold timer expired)',
      /packet filter/,
    ),
  },
  {
    fault: 'BGP: the member is not there',
    node: bgp,
    shell: ['switch', 'ip link set gw1 down', 'ip link set gw1 up'],
    says: byBgp('ADDRESS does not exist on the link', /below `hosts:`/),
  },
  {
    fault: 'BGP: BFD on the node only',
    node: lan('{ protocol: bgp, bfd: {} }'),
    member: bgp,
    defaults: 2,
    says: ['192\\.168\\.50\\.2', '2001:db8:50::2'].map((address) => [
      new RegExp(`BGP with member gw1, ${address}: BFD is Down: it answers UDP port 3784 with ICMP`),
      /switch BFD on/,
    ]),
  },
  {
    fault: 'OSPF: BFD on the member only',
    node: ospf,
    member: lan('{ protocol: ospf, bfd: {} }'),
    defaults: 2,
    says: [4, 6].map(() => [
      /OSPF with members, \S+: it sends BFD packets, and the file has no `bfd:`/,
      /`bfd: \{\}`/,
    ]),
  },
  { fault: 'OSPF: none', node: ospf, defaults: 2, says: [] },
  {
    fault: 'OSPF: other times',
    node: ospf,
    member: lan('{ protocol: ospf, hello: 2s }'),
    says: byOspf(
      'gw1 has hello 2 s \\(the file: 1 s\\), dead 8 s \\(the file: 4 s\\)',
      /give it the same file/,
    ),
  },
  {
    fault: 'OSPF: another area, of a BIRD that mustredirect has not configured',
    node: ospf,
    replace: [/area 136/g, 'area 0'],
    says: byOspf('gw1 has area 0 \\(the file: 136\\)', /give it the same file/),
  },
  {
    fault: 'OSPF: the same router id',
    node: ospf,
    replace: [/router id 192\.168\.50\.2;/, 'router id 192.168.50.10;'],
    says: byOspf(
      'the router at \\S+ has the router id 192\\.168\\.50\\.10, as this host has',
      /one of its own/,
    ),
  },
  {
    fault: 'OSPF: a member whose BIRD stands still',
    node: ospf,
    shell: ['gw1', bird('STOP'), bird('CONT')],
    says: byOspf(
      'no OSPF packet of gw1 came in by eth0 within \\d+ s, though it answers ping',
      /`mustredirect apply` on gw1/,
    ),
  },
  {
    fault: 'OSPF: a packet filter there',
    node: ospf,
    shell: ['gw1', drop('meta l4proto 89'), undrop],
    says: byOspf('gw1 does not hear this host', /IP protocol 89/),
  },
  {
    fault: 'OSPF: a packet filter here',
    node: ospf,
    shell: ['node1', drop('meta l4proto 89'), undrop],
    says: byOspf('packets of gw1 come in by eth0, and BIRD does not get them', /nft list ruleset/),
  },
  {
    fault: 'OSPF: another password',
    node: signed,
    password: 'other',
    says: byOspf(
      'gw1 has another password than that in /etc/routing\\.password',
      /both sides must have the same password/,
    ),
  },
  {
    fault: 'OSPF: no password there',
    node: signed,
    member: ospf,
    says: byOspf(
      'gw1 sends no password, and this host has that in /etc/routing\\.password',
      /both sides must have the same password/,
    ),
  },
];

/** packets that the capture saw before the first apply */
let controlled: number;

beforeAll(async () => {
  world = await createRoutingWorld();
  controlled = await leaksDuring(world, async () => {
    await world.containers.run('web', ['ping', '-c', '2', '203.0.113.10']);
  });
  for (const host of ['gw1', 'node1'] as const) await applyOn(world, host, bgp, 'secret');
});

afterAll(async () => {
  await world.down();
});

/** A BIRD that has not the configuration that mustredirect has made. */
async function replaceConfig([pattern, by]: readonly [RegExp, string]): Promise<void> {
  const { gw1 } = world.hosts;
  const path = '/run/mustredirect/host.bird/bird.conf';
  const text = (await gw1.files.read(path)) ?? '';
  const changed = text.replace(pattern, by);
  expect(changed).not.toBe(text);
  await gw1.files.replace(path, changed);
  await birdc(gw1, 'configure');
}

describe('sessions between a node and a member', () => {
  it.each(rows)(
    '$fault',
    async ({ node, member = node, password = 'secret', replace, shell, whenUp, defaults = 0, says }) => {
      const [where = 'gw1', before = ':', after = ':'] = shell ?? [];
      const run = (command: string): Promise<string> => world.hosts[where].run(['sh', '-c', command]);
      try {
        const seen = await faultSeen(world, 'node1', defaults, says, async () => {
          await Promise.all([
            applyOn(world, 'gw1', member, password),
            applyOn(world, 'node1', node, 'secret'),
          ]);
          if (replace) await replaceConfig(replace);
          if (whenUp) await waitForDefaults(world, 2);
          await run(before);
          if (where === 'switch') await world.hosts.node1.run(['ip', 'neigh', 'flush', 'dev', 'eth0']);
        });
        expect(seen).toEqual(sayings(says));
      } finally {
        await run(after);
      }
    },
  );

  it('come up again, and were captured', async () => {
    await applyOn(world, 'gw1', bgp);
    await applyOn(world, 'node1', bgp);
    await waitForDefaults(world, 2);
    expect(await sessionFindings(world, 'node1')).toEqual([]);
    expect(controlled).toBeGreaterThan(0);
  });
});
