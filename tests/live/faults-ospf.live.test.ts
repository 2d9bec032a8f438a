/** OSPF with the upstream router that does not come up: what doctor says about each fault, and nothing leaks meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Said,
  type Setting,
  applyOn,
  faultSeen,
  passwordFile,
  restartFrr,
  sayings,
  sessionFindings,
  waitForDefaults,
} from './routing/faults.ts';
import { startFrr } from './routing/frr.ts';
import { leaksDuring } from './routing/leaks.ts';
import { type RoutingWorld, createRoutingWorld } from './routing/world.ts';

let world: RoutingWorld;

/** One version of OSPF at the upstream router. */
interface Side {
  readonly area?: number;
  readonly hello?: number;
  readonly dead?: number;
  readonly pointToPoint?: true;
  /** further lines of the interface */
  readonly more?: readonly string[];
  /** further lines of the router */
  readonly router?: readonly string[];
  readonly id?: string;
  readonly withoutDefault?: true;
}

/** Times come before the area: its wait timer starts with the area. */
function linkLines(key: string, { area = 0, hello = 1, dead = 4, pointToPoint, more = [] }: Side): string[] {
  return [
    `network ${pointToPoint ? 'point-to-point' : 'broadcast'}`,
    `hello-interval ${hello}`,
    `dead-interval ${dead}`,
    ...more,
    `area ${area}`,
  ].map((line) => ` ${key} ${line}`);
}

function routerLines(key: string, { id = '9.9.9.9', withoutDefault, router = [] }: Side): string[] {
  return [
    `router ${key}`,
    ` ${key} router-id ${id}`,
    ...(withoutDefault ? [] : [' default-information originate always']),
    ...router.map((line) => ` ${line}`),
    'exit',
  ];
}

function frrOspf([v2, v3]: readonly [Side, Side]): string {
  const lines = [
    ...routerLines('ospf', v2),
    ...routerLines('ospf6', v3),
    'interface gw1',
    ...linkLines('ip ospf', v2),
    ...linkLines('ipv6 ospf6', v3),
    'exit',
  ];
  return `${lines.join('\n')}\n`;
}

const setting = (more = '', area = 0): Setting => ({
  lan: '{ protocol: bgp }',
  uplink: `{ protocol: ospf, area: ${area}, hello: 1s${more} }`,
});
const plain = setting();
const signed = setting(`, password_file: ${passwordFile}`);

const daemons = ['ospfd', 'ospf6d'] as const;
let current: Setting | undefined;

async function useFile(wanted: Setting): Promise<void> {
  if (current !== wanted) await applyOn(world, 'gw1', wanted, 'secret');
  current = wanted;
}

/** packets that the capture saw before the first apply */
let controlled: number;

beforeAll(async () => {
  world = await createRoutingWorld();
  await startFrr(world.hosts.upstream, ['zebra', 'bfdd'], '');
  controlled = await leaksDuring(world, async () => {
    await world.containers.run('web', ['ping', '-c', '2', '203.0.113.10']);
  });
  await useFile(plain);
  await applyOn(world, 'node1', plain);
});

afterAll(async () => {
  await world.down();
});

type Where = 'upstream' | 'gw1';

interface Row {
  readonly fault: string;
  readonly file?: Setting;
  readonly sides?: readonly [Side, Side];
  /** what a host runs before doctor, and afterwards */
  readonly shell?: readonly [where: Where, before: string, after: string];
  readonly defaults?: number;
  readonly says: readonly Said[];
}

const four = (text: string): RegExp =>
  new RegExp(`over IPv4: \\w+: router 9\\.9\\.9\\.9 \\(172\\.31\\.0\\.1\\) ${text}`);
const six = (text: string): RegExp =>
  new RegExp(`over IPv6: \\w+: router 9\\.9\\.9\\.9 \\(fe80::[0-9a-f:]+\\) ${text}`);
const both = (text: string, remedy: RegExp): Said[] => [
  [four(text), remedy],
  [six(text), remedy],
];

const md5 = (password: string, id = 1): string[] => [
  'authentication message-digest',
  `message-digest-key ${id} md5 ${password}`,
];
const hmac = (password: string): string[] => [
  `authentication key-id 1 hash-algo hmac-sha-256 key ${password}`,
];
const samePassword = /both sides must have the same password/;
const sameTimes = /must be the same on both sides/;
const dropOspf =
  "nft 'add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i meta l4proto 89 drop'";

const rows: readonly Row[] = [
  { fault: 'none', defaults: 2, says: [] },
  {
    fault: 'another area, other hello times',
    sides: [{ area: 1 }, { hello: 2, dead: 8 }],
    says: [
      [four('has area 1 \\(the file: 0\\)$'), sameTimes],
      [
        six('has hello 2 s \\(the file: 1 s\\), dead 8 s \\(the file: 4 s\\)$'),
        /`hello:`, `dead:` must be the same/,
      ],
    ],
  },
  {
    fault: 'another dead time, another area',
    sides: [{ dead: 8 }, { area: 1 }],
    says: [
      [four('has dead 8 s \\(the file: 4 s\\)$'), sameTimes],
      [six('has area 1 \\(the file: 0\\)$'), sameTimes],
    ],
  },
  {
    fault: 'a password there only',
    sides: [{ more: md5('secret') }, { more: hmac('secret') }],
    says: both('sends a password \\(cryptographic\\), and the file has none', samePassword),
  },
  {
    fault: 'the same router id',
    sides: [{ id: '192.168.50.2' }, { id: '192.168.50.2' }],
    says: [
      [
        /over IPv4: \w+: the router at 172\.31\.0\.1 has the router id 192\.168\.50\.2, as this host has/,
        /one of its own/,
      ],
      [
        /over IPv6: \w+: the router at fe80::\S+ has the router id 192\.168\.50\.2, as this host has/,
        /one of its own/,
      ],
    ],
  },
  {
    fault: 'a point-to-point network there',
    sides: [{ pointToPoint: true }, { pointToPoint: true }],
    says: both(
      'takes the link for point-to-point, and this host for broadcast',
      /`ip ospf network broadcast`/,
    ),
  },
  {
    fault: 'no default there; another prefix length',
    sides: [{}, { withoutDefault: true }],
    shell: [
      'upstream',
      'ip address del 172.31.0.1/30 dev gw1; ip address add 172.31.0.1/29 dev gw1',
      'ip address del 172.31.0.1/29 dev gw1; ip address add 172.31.0.1/30 dev gw1',
    ],
    says: [
      [four('has the prefix length 29 on the link, and uplink0 has 30'), /same prefix length/],
      [/over IPv6: Running: the neighbour announces no default/, /default-information originate/],
    ],
  },
  {
    fault: 'a smaller MTU there',
    shell: ['upstream', 'ip link set gw1 mtu 1400', 'ip link set gw1 mtu 1500'],
    says: both('has MTU 1400, and uplink0 has 1500: they stay in ExStart', /`ip link set uplink0 mtu 1400`/),
  },
  {
    fault: 'a packet filter there',
    shell: ['upstream', dropOspf, 'nft delete table inet f'],
    says: both('does not hear this host: its hello packets do not list 192\\.168\\.50\\.2', /IP protocol 89/),
  },
  {
    fault: 'a packet filter here',
    shell: ['gw1', dropOspf, 'nft delete table inet f'],
    says: [
      [
        /packets of router 9\.9\.9\.9 \(172\.31\.0\.1\) come in by uplink0, and BIRD does not get them/,
        /nft list ruleset/,
      ],
      [
        /packets of router 9\.9\.9\.9 \(fe80::\S+\) come in by uplink0, and BIRD does not get them/,
        /nft list ruleset/,
      ],
    ],
  },
  {
    fault: 'no OSPF there',
    shell: ['upstream', 'kill $(cat /run/frr-lab/ospfd.pid) $(cat /run/frr-lab/ospf6d.pid)', ':'],
    says: [
      [/over IPv4: Alone: no OSPF packet came in by uplink0 within \d+ s/, /switch OSPF on/],
      [/over IPv6: Alone: no OSPF packet came in by uplink0 within \d+ s/, /switch OSPF on/],
    ],
  },
  {
    fault: 'BFD there only',
    sides: [{ more: ['bfd'] }, {}],
    defaults: 2,
    says: [
      [/upstream router, 172\.31\.0\.1: it sends BFD packets, and the file has no `bfd:`/, /`bfd: \{\}`/],
    ],
  },
  {
    fault: 'BFD here only',
    file: setting(', bfd: {}'),
    sides: [{}, { more: ['bfd'] }],
    defaults: 2,
    says: [[/upstream router, 172\.31\.0\.1: BFD is Down: it sent no BFD packet within/, /switch BFD on/]],
  },
  {
    fault: 'a stub area there',
    file: setting('', 1),
    sides: [
      { area: 1, router: ['area 1 stub'] },
      { area: 1, router: ['area 1 stub'] },
    ],
    says: both('says that area 1 is a stub or NSSA', /an ordinary area/),
  },
  {
    fault: 'no password there',
    file: signed,
    says: both('sends no password, and this host has that in /etc/routing\\.password', samePassword),
  },
  {
    fault: 'another password',
    file: signed,
    sides: [{ more: md5('other') }, { more: hmac('other') }],
    says: both('has another password than that in /etc/routing\\.password', samePassword),
  },
  {
    fault: 'another key id; another kind of password',
    file: signed,
    sides: [{ more: md5('secret', 2) }, { more: hmac('secret') }],
    says: [
      [four('has its password under key id 2, and this host under 1'), samePassword],
      [six('has another password'), /does not work with FRR 8\.4/],
    ],
  },
  {
    fault: 'a password in plain text',
    file: signed,
    sides: [{ more: ['authentication', 'authentication-key secret'] }, {}],
    says: [
      [four('sends its password as plain text, and this host expects keyed MD5'), samePassword],
      [six('sends no password'), samePassword],
    ],
  },
];

describe('OSPF with the upstream router', () => {
  it.each(rows)('$fault', async ({ file = plain, sides = [{}, {}], shell, defaults = 0, says }) => {
    const [where = 'upstream', before = ':', after = ':'] = shell ?? [];
    const run = (command: string): Promise<string> => world.hosts[where].run(['sh', '-c', command]);
    const ends = before.startsWith('kill');
    try {
      const seen = await faultSeen(world, 'gw1', defaults, says, async () => {
        if (!ends) await run(before);
        await restartFrr(world, daemons, frrOspf(sides));
        await useFile(file);
        if (ends) await run(before);
      });
      expect(seen).toEqual(sayings(says));
    } finally {
      await run(after);
    }
  });

  it('comes up again, and was captured', async () => {
    await restartFrr(world, daemons, frrOspf([{}, {}]));
    await useFile(plain);
    await waitForDefaults(world, 2);
    expect(await sessionFindings(world, 'gw1')).toEqual([]);
    expect(controlled).toBeGreaterThan(0);
  });
});
