/** BGP with the upstream router that does not come up: what doctor says about each fault, and nothing leaks meanwhile. */
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

/** The session of one family at the upstream router. */
interface Peer {
  readonly remoteAs?: number;
  readonly password?: string;
  /** further lines of the neighbour */
  readonly more?: readonly string[];
  readonly withoutDefault?: true;
  /** the router does not know the member */
  readonly unknown?: true;
}

const own = { 4: '172.31.0.2', 6: '2001:db8:31::2' } as const;

function frrBgp([v4, v6]: readonly [Peer, Peer], { as, id } = { as: 64496, id: '9.9.9.9' }): string {
  const address = (family: 4 | 6, peer: Peer): string => (peer.unknown ? `${own[family]}7` : own[family]);
  const peers = [
    [address(4, v4), v4],
    [address(6, v6), v6],
  ] as const;
  const lines = peers.flatMap(([name, { remoteAs = 65001, password, more = [] }]) =>
    [
      `remote-as ${remoteAs}`,
      'timers connect 3',
      ...(password === undefined ? [] : [`password ${password}`]),
      ...more,
    ].map((line) => ` neighbor ${name} ${line}`),
  );
  const family = (number: 4 | 6, active: number): string[] => [
    ` address-family ipv${number} unicast`,
    ...peers.flatMap(([name, { withoutDefault }], index) =>
      index === active
        ? [`  neighbor ${name} activate`, ...(withoutDefault ? [] : [`  neighbor ${name} default-originate`])]
        : [`  no neighbor ${name} activate`],
    ),
    ' exit-address-family',
  ];
  return [
    `router bgp ${as}`,
    ` bgp router-id ${id}`,
    ' no bgp ebgp-requires-policy',
    ...lines,
    ...family(4, 0),
    ...family(6, 1),
    'exit',
    '',
  ].join('\n');
}

const setting = ({ as = 65001, more = '' } = {}): Setting => ({
  lan: '{ protocol: bgp }',
  uplink: `{ protocol: bgp, as: ${as}, neighbor: [172.31.0.1, '2001:db8:31::1'], peer_as: 64496${more} }`,
});
const signed = setting({ more: `, password_file: ${passwordFile}` });
const plain = setting();

let current: Setting | undefined;

/** The file of the member, where the last row had another. */
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
  await useFile(signed);
  await applyOn(world, 'node1', signed);
});

afterAll(async () => {
  await world.down();
});

/** What the upstream router runs before doctor, and afterwards. */
type Shell = readonly [before: string, after: string];

const filter = (rule: string): Shell => [
  `nft 'add table inet f; add chain inet f i { type filter hook input priority 0; }; ${rule.replaceAll('ADD', 'add rule inet f i')}'`,
  'nft delete table inet f',
];

interface Row {
  readonly fault: string;
  readonly file?: Setting;
  readonly peers?: readonly [Peer, Peer];
  /** the upstream router */
  readonly router?: { readonly as: number; readonly id: string };
  readonly shell?: Shell;
  readonly defaults?: number;
  readonly says: readonly Said[];
}

const secret = { password: 'secret' };
const samePassword = /both sides must have the same password/;

const rows: readonly Row[] = [
  { fault: 'none', peers: [secret, secret], defaults: 2, says: [] },
  {
    fault: 'the router is in another AS, or expects the member in another AS',
    peers: [
      { ...secret, more: ['local-as 64497 no-prepend replace-as'] },
      { ...secret, remoteAs: 65009 },
    ],
    says: [
      [
        /at 172\.31\.0\.1: \w+: it says that it is in AS 64497, and the file has `peer_as: 64496`/,
        /`peer_as:` must be/,
      ],
      [
        /at 2001:db8:31::1: \w+: it refuses AS 65001, .* \(NOTIFICATION: Bad Peer AS\)/,
        /the router must have AS 65001 for/,
      ],
    ],
  },
  {
    fault: 'another password, of a router that opens the connection, or that waits for it',
    peers: [{ password: 'other' }, { password: 'other', more: ['passive'] }],
    says: [
      [/at 172\.31\.0\.1: \w+: it signs its TCP segments with another password than that in/, samePassword],
      [
        /at 2001:db8:31::1: \w+: it answers ping, but no TCP segment that is signed with/,
        /password is another one, or a packet filter/,
      ],
    ],
  },
  {
    fault: 'no password there',
    peers: [{}, { more: ['passive'] }],
    says: [
      [/at 172\.31\.0\.1: \w+: .*has (no password|none) for/, samePassword],
      [
        /at 2001:db8:31::1: \w+: it accepts a connection without a password, and drops those with/,
        samePassword,
      ],
    ],
  },
  {
    fault: 'no password here',
    file: plain,
    peers: [secret, { ...secret, more: ['passive'] }],
    says: [
      [/at 172\.31\.0\.1: \w+: it signs its TCP segments with a password \(MD5\)/, samePassword],
      [
        /at 2001:db8:31::1: \w+: 2001:db8:31::1 answers ping, and does not answer TCP port 179/,
        /or it wants a password/,
      ],
    ],
  },
  {
    fault: 'the session is shut down there, or unknown there',
    file: plain,
    peers: [{ more: ['shutdown'] }, { unknown: true }],
    says: [
      [/at 172\.31\.0\.1: \w+: it accepts the TCP connection, and closes it/, /or the session is shut down/],
      [
        /at 2001:db8:31::1: \w+: it accepts the TCP connection, and closes it/,
        /does not know 2001:db8:31::2 as a neighbour/,
      ],
    ],
  },
  {
    fault: 'TTL security there; a packet filter that drops',
    file: plain,
    peers: [{ more: ['ttl-security hops 1'] }, { more: ['passive'] }],
    shell: filter('ADD ip6 nexthdr tcp tcp dport 179 drop'),
    says: [
      [
        /at 172\.31\.0\.1: \w+: its packets have TTL 255: it seems to use TTL security/,
        /switch TTL security off/,
      ],
      [
        /at 2001:db8:31::1: \w+: 2001:db8:31::1 answers ping, and does not answer TCP port 179/,
        /a packet filter there drops it/,
      ],
    ],
  },
  {
    fault: 'packet filters that reject',
    file: plain,
    peers: [{ more: ['passive'] }, { more: ['passive'] }],
    shell: filter(
      'ADD meta nfproto ipv4 tcp dport 179 reject; ADD meta nfproto ipv6 tcp dport 179 reject with icmpv6 type admin-prohibited',
    ),
    says: [
      [
        /TCP port 179 of 172\.31\.0\.1 is refused by ICMP from 172\.31\.0\.1: port unreachable/,
        /must allow TCP port 179 from 172\.31\.0\.2/,
      ],
      [
        /refused by ICMP from 2001:db8:31::1: administratively prohibited/,
        /must allow TCP port 179 from 2001:db8:31::2/,
      ],
    ],
  },
  {
    fault: 'no BGP there',
    shell: ['kill $(cat /run/frr-lab/bgpd.pid)', ':'],
    says: [
      [/nothing listens on TCP port 179 of 172\.31\.0\.1: it answers SYN with RST/, /start BGP there/],
      [/nothing listens on TCP port 179 of 2001:db8:31::1: it answers SYN with RST/, /start BGP there/],
    ],
  },
  {
    fault: 'another address there',
    file: plain,
    shell: [
      'ip address del 172.31.0.1/30 dev gw1; ip address del 2001:db8:31::1/64 dev gw1',
      'ip address add 172.31.0.1/30 dev gw1; ip address add 2001:db8:31::1/64 dev gw1 nodad',
    ],
    says: [
      [/172\.31\.0\.1 does not exist on the link: it answers no ARP/, /`neighbor:`/],
      [/2001:db8:31::1 does not exist on the link: it answers no neighbour discovery/, /`neighbor:`/],
    ],
  },
  {
    fault: 'a link without carrier',
    file: plain,
    shell: ['ip link set gw1 down', 'ip link set gw1 up; ip address replace 2001:db8:31::1/64 dev gw1 nodad'],
    says: [
      [/at 172\.31\.0\.1: \w+: uplink0 has no carrier/, /cable of uplink0/],
      [/at 2001:db8:31::1: \w+: uplink0 has no carrier/, /cable of uplink0/],
    ],
  },
  {
    fault: 'the same router id in one AS',
    file: setting({ as: 64496 }),
    peers: [{ remoteAs: 64496 }, { remoteAs: 64496 }],
    router: { as: 64496, id: '192.168.50.2' },
    says: [
      [
        /at 172\.31\.0\.1: \w+: it has the router id 192\.168\.50\.2, as this host has/,
        /different router ids/,
      ],
      [
        /at 2001:db8:31::1: \w+: it has the router id 192\.168\.50\.2, as this host has/,
        /different router ids/,
      ],
    ],
  },
  {
    fault: 'no default there',
    file: plain,
    peers: [{ withoutDefault: true }, {}],
    defaults: 1,
    says: [[/at 172\.31\.0\.1: Established: the neighbour announces no default/, /default-originate/]],
  },
  {
    fault: 'BFD there only',
    file: plain,
    peers: [{ more: ['bfd'] }, {}],
    defaults: 2,
    says: [
      [/upstream router, 172\.31\.0\.1: it sends BFD packets, and the file has no `bfd:`/, /`bfd: \{\}`/],
    ],
  },
  {
    fault: 'BFD here only',
    file: setting({ more: ', bfd: {}' }),
    peers: [{}, { more: ['bfd'] }],
    defaults: 2,
    says: [[/upstream router, 172\.31\.0\.1: BFD is Down: it sent no BFD packet within/, /switch BFD on/]],
  },
];

describe('BGP with the upstream router', () => {
  it.each(rows)('$fault', async ({ file = signed, peers = [{}, {}], router, shell, defaults = 0, says }) => {
    const [before = ':', after = ':'] = shell ?? [];
    const { upstream, gw1 } = world.hosts;
    try {
      const seen = await faultSeen(world, 'gw1', defaults, says, async () => {
        await restartFrr(world, ['bgpd'], frrBgp(peers, router));
        await useFile(file);
        await upstream.run(['sh', '-c', before]);
        // An address that is gone is believed in for half a minute.
        await gw1.run(['sh', '-c', 'ip neigh flush dev uplink0; ip -6 neigh flush dev uplink0']);
      });
      expect(seen).toEqual(sayings(says));
    } finally {
      await upstream.run(['sh', '-c', after]);
    }
  });

  it('comes up again, and was captured', async () => {
    await restartFrr(world, ['bgpd'], frrBgp([secret, secret]));
    await useFile(signed);
    await waitForDefaults(world, 2);
    expect(await sessionFindings(world, 'gw1')).toEqual([]);
    expect(controlled).toBeGreaterThan(0);
  });
});
