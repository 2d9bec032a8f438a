/**
 * Situations in which a run would do harm, created on a real host: exit status, messages, and no changes; and
 * situations in which a part is blocked until it is ready. Each is undone, and at the end the same file is applied,
 * which proves that nothing else was wrong.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

const { subnet } = network;
const state = '/var/lib/mustredirect';
const file = exampleFile('external');

let world: World;
let start: Readonly<Record<'node1' | 'gw1', HostDump>>;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external' });
  const { node1, gw1 } = world.hosts;
  await world.containers.createNetwork(network.name, subnet);
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, file)));
  start = { node1: await dumpHost(node1), gw1: await dumpHost(gw1) };
});

afterAll(async () => {
  await world?.down();
});

async function shell(host: TestHost, script: string): Promise<string> {
  return script === '' ? '' : host.run(['sh', '-ec', script]);
}

interface Situation {
  readonly name: string;
  readonly host?: 'node1' | 'gw1';
  /** shell scripts that create the situation, and undo it */
  readonly make?: string;
  readonly takeBack?: string;
  /** command before the program: `env`, `setpriv` */
  readonly before?: readonly string[];
  readonly file?: string;
  readonly exitCode?: number;
  /** texts that must all be in the output */
  readonly says: readonly (string | RegExp)[];
}

const numbers = (text: string): string => file.replace('    snat:', `    ${text}\n    snat:`);

const firewall = (rules: string): string =>
  `nft -f - <<'N'\ntable inet fw { chain forward { type filter hook forward priority 0; policy drop;\n${rules}\n} ; }\nN\n`;
const iptables = (rules: readonly string[]): string =>
  ['-P FORWARD DROP', ...rules].map((rule) => `iptables-nft ${rule}`).join('\n');

const ofNumbers: Situation[] = [
  {
    name: 'a rule of somebody among ours',
    make: 'ip rule add preference 4150 from 10.7.0.0/16 lookup 300',
    takeBack: 'ip rule del preference 4150',
    says: [
      'rule 4150 (lookup 300) belongs to another program',
      'the preferences 4000 to 4999 are reserved for mustredirect',
      'move it below',
    ],
  },
  {
    name: 'a table of Tailscale',
    file: numbers('table: 52'),
    make: `ip route add 100.100.0.0/16 dev eth0 table 52; ip rule add preference 5270 lookup 52`,
    takeBack: `ip rule del preference 5270; ip route flush table 52`,
    says: ['gateway office: table 52 is used by Tailscale', 'ip route show table 52'],
  },
  {
    name: 'a mark of Tailscale',
    file: numbers('mark: 0x40000'),
    make: 'ip rule add preference 5210 fwmark 0x80000/0xff0000 lookup main',
    takeBack: 'ip rule del preference 5210',
    says: ['gateway office: mark 0x40000 collides with rule 5210 of Tailscale', 'choose another `mark:`'],
  },
  {
    name: 'a mark of wg-quick',
    file: numbers('mark: 0xca6c'),
    make: 'ip rule add not fwmark 51820 lookup 51820',
    takeBack: 'ip rule del not fwmark 51820 lookup 51820',
    says: [/mark 0xca6c collides with rule \d+ of wg-quick/],
  },
  {
    name: 'a mark of kube-proxy, which has no rules',
    file: numbers('mark: 0x4000'),
    make: 'iptables-nft -t nat -N KUBE-MARK-MASQ',
    takeBack: 'nft delete table ip nat',
    says: ['mark 0x4000 collides with kube-proxy', 'nft list chain ip nat KUBE-MARK-MASQ'],
  },
];

const ofAddresses: Situation[] = [
  {
    name: 'the subnet is a route of the host',
    make: `ip route add 10.89.4.128/25 via ${addresses.isp}`,
    takeBack: 'ip route del 10.89.4.128/25',
    says: [
      `${subnet} is routed elsewhere: this host has a route 10.89.4.128/25 via ${addresses.isp} dev eth0`,
      'ip route del 10.89.4.128/25',
    ],
  },
  {
    name: 'the subnet is that of another link',
    make: 'ip link add lan1 link eth0 type macvlan; ip address add 10.89.4.9/24 dev lan1',
    takeBack: 'ip link del lan1',
    says: [`${subnet} is the subnet of lan1 (10.89.4.9/24), which leads to other hosts`],
  },
  {
    name: 'the gateway is one of the network’s own addresses',
    file: file.replace(`gw1: ${addresses.gw1}`, 'gw1: 10.89.4.77'),
    exitCode: 2,
    says: [
      /:5:\d+: hosts\.gw1: 10\.89\.4\.77.* lies inside 10\.89\.4\.0\/24 of network mustredirect.*it leaves by gw1/,
    ],
  },
];

const ofNeighbours: Situation[] = [
  {
    name: 'the gateway is this host',
    file: file.replace(`gw1: ${addresses.gw1}`, 'gw1: 192.168.50.77'),
    make: 'ip address add 192.168.50.77/32 dev eth0',
    takeBack: 'ip address del 192.168.50.77/32 dev eth0',
    says: ['gateway office at 192.168.50.77 is this host itself: eth0 has that address'],
  },
  {
    name: 'the gateway is no neighbour',
    file: file.replace(`gw1: ${addresses.gw1}`, 'gw1: 198.51.100.1'),
    says: [
      'at 198.51.100.1 is not on a connected link',
      'no tunnel is built',
      `${addresses.node1}/24 on eth0`,
    ],
  },
];

const ofLinks: Situation[] = [
  {
    name: 'the link to the gateway is down',
    make: 'ip link set eth0 down',
    takeBack: `ip link set eth0 up; ip route add default via ${addresses.isp}`,
    says: [`gateway office at ${addresses.gw1} is on eth0, which is down`, 'ip link set eth0 up'],
  },
  {
    name: 'no such uplink',
    host: 'gw1',
    file: file.replace('device: uplink0', 'device: gre1'),
    says: ['gateway office: no device gre1 on this host', 'there are lo, ', 'uplink0'],
  },
  {
    name: 'the uplink is down',
    host: 'gw1',
    make: 'ip link set uplink0 down',
    takeBack: 'ip link set uplink0 up',
    says: ['gateway office: its uplink uplink0 is down', 'ip link set uplink0 up'],
  },
  {
    name: 'the next hop is not on the uplink',
    host: 'gw1',
    file: file.replace(`via: ${addresses.upstream}`, 'via: 172.31.9.9'),
    says: ['gateway office: its next hop 172.31.9.9 is not on uplink0, which has 172.31.0.2/30'],
  },
  {
    name: 'the link to the node is down',
    host: 'gw1',
    make: 'ip link set eth0 down',
    takeBack: `ip link set eth0 up; ip route add default via ${addresses.isp}`,
    says: [`node node1 at ${addresses.node1} is on eth0, which is down`],
  },
];

const ofFirewalls: Situation[] = [
  {
    name: 'a policy of nft that drops what the gateway forwards',
    host: 'gw1',
    make: firewall('ct state established,related accept\niifname "wg0" accept'),
    takeBack: 'nft delete table inet fw',
    says: [
      `gateway office: chain forward of nft table inet fw has policy drop, and would drop packets from ${subnet}`,
      `nft insert rule inet fw forward ip saddr ${subnet} accept`,
    ],
  },
  {
    name: 'a policy of iptables',
    host: 'gw1',
    make: iptables(['-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']),
    takeBack: 'nft delete table ip filter',
    says: ['chain FORWARD of nft table ip filter', `iptables -I FORWARD -s ${subnet} -j ACCEPT`],
  },
];

/** PATH without some programs, or with a replaced one. */
const without = (...programs: readonly string[]): string =>
  `mkdir -p /run/bin; ln -sf /usr/sbin/* /usr/bin/* ${process.execPath} /run/bin; cd /run/bin; rm ${programs.join(' ')}`;
const path = ['env', 'PATH=/run/bin'];
/** output of 0.9.8 for `nft -j list chains` without chains */
const oldNft =
  '{"nftables": [{"metainfo": {"version": "0.9.8", "release_name": "E.D.S.", "json_schema_version": 1}}]}';

const ofTools: Situation[] = [
  {
    name: 'a user',
    before: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    says: ['only root can look at, and change, the network of this host', 'sudo'],
  },
  {
    name: 'root without CAP_NET_ADMIN',
    before: ['setpriv', '--bounding-set=-net_admin'],
    says: ['root has no CAP_NET_ADMIN here', 'container'],
  },
  {
    name: 'no nft',
    before: path,
    make: without('nft'),
    takeBack: 'rm -r /run/bin',
    says: ['nft: no such program', 'apt-get install nftables'],
  },
  {
    name: 'no ip',
    before: path,
    make: without('ip'),
    takeBack: 'rm -r /run/bin',
    says: ['ip: no such program', 'apt-get install iproute2'],
  },
  {
    name: 'an nft that is too old',
    before: path,
    make: `${without('nft')}; cat >nft <<'END'\n#!/bin/sh\necho '${oldNft}'\nEND\nchmod +x nft`,
    takeBack: 'rm -r /run/bin',
    says: ['nft: 0.9.8 is too old', 'nftables later than 0.9.8 is needed'],
  },
  {
    name: 'an ip that is busybox’s',
    before: path,
    make: `${without('ip')}; ln -s /usr/bin/busybox ip`,
    takeBack: 'rm -r /run/bin',
    says: [': this ip has no such option', 'iproute2'],
  },
];

const newer = '{"version":2,"hosts":{}}';

const ofDisks: Situation[] = [
  {
    name: 'a state folder that is read-only',
    make: `mount -t tmpfs -o ro,mode=700 state ${state}`,
    takeBack: `umount ${state}`,
    exitCode: 1,
    says: [/\/var\/lib\/mustredirect\/.*: its file system is read-only/, `findmnt -T ${state}`],
  },
  {
    name: 'a full disk',
    make: `mount -t tmpfs -o size=16k,mode=700 state ${state}; dd if=/dev/zero of=${state}/full bs=4k count=4 status=none`,
    takeBack: `test "$(ls -A ${state})" = full; umount ${state}`,
    exitCode: 1,
    says: [/\/var\/lib\/mustredirect\/.*: no space left on its file system/, `df ${state}`],
  },
  {
    name: 'a disk with no inode left',
    make: `mount -t tmpfs -o nr_inodes=2,mode=700 state ${state}; touch ${state}/full`,
    takeBack: `test "$(ls -A ${state})" = full; umount ${state}`,
    exitCode: 1,
    says: [/\/var\/lib\/mustredirect\/.*: no space left on its file system/],
  },
  {
    name: 'a folder of the lock that is read-only',
    make: 'mkdir -p /run/mustredirect; mount -t tmpfs -o ro,mode=755 lock /run/mustredirect',
    takeBack: 'umount /run/mustredirect',
    exitCode: 1,
    says: [/\/run\/mustredirect\/host\.lock: cannot be locked: .*Read-only file system/],
  },
  {
    name: 'a state folder of a newer version',
    make: `mount -t tmpfs -o mode=700 state ${state}; echo '${newer}' >${state}/host.json`,
    takeBack: `test "$(cat ${state}/*)" = '${newer}'; umount ${state}`,
    says: [`${state}/host.json: not a state file of this version`, 'a newer mustredirect wrote it'],
  },
];

const otherOrder = '~ ip route: the same lines, another order or number';

async function dumped(name: 'node1' | 'gw1', before: HostDump): Promise<readonly string[]> {
  return compareDumps(before, await dumpHost(world.hosts[name]));
}

async function checkRefused({ host: name = 'node1', ...situation }: Situation): Promise<void> {
  const host = world.hosts[name];
  const { make = '', before = [], exitCode = 4, says } = situation;
  await host.files.replace(filePath, situation.file ?? file);
  await shell(host, make);
  const made = await dumpHost(host);
  const said = await host.exec.run([...before, programPath, 'apply', '--yes', '--host', name]);
  expect(said).toMatchObject({ exitCode });
  for (const text of says) expect(said.stderr).toMatch(text);
  expect(said.stderr).toContain('hint: ');
  expect(said.stderr).not.toMatch(/\n {4}at /);
  expect(await dumped(name, made)).toEqual([]);
}

describe.each([
  ['numbers', ofNumbers],
  ['addresses', ofAddresses],
  ['tools', ofTools],
  ['disks', ofDisks],
])('%s', (_, situations) => {
  it.each(situations)('$name: refused, without changes', (situation) => takenBack(situation, checkRefused));
});

describe.each([
  ['neighbours', ofNeighbours],
  ['links', ofLinks],
  ['firewalls', ofFirewalls],
])('%s', (_, situations) => {
  it.each(situations)('$name: blocked and reported', (situation) => takenBack(situation, checkClosed));
});

async function takenBack(
  situation: Situation,
  check: (situation: Situation) => Promise<void>,
): Promise<void> {
  const name = situation.host ?? 'node1';
  try {
    await check(situation);
  } finally {
    await shell(world.hosts[name], situation.takeBack ?? '');
    await world.hosts[name].files.replace(filePath, file);
  }
  // A link that was down is listed at another position, and gets its link-local address back shortly after.
  const left = async (): Promise<string[]> =>
    (await dumped(name, start[name])).filter((line) => line !== otherOrder);
  await expect.poll(left, { timeout: 3000 }).toEqual([]);
}

async function checkClosed({
  host: name = 'node1',
  make = '',
  says,
  ...situation
}: Situation): Promise<void> {
  const host = world.hosts[name];
  await host.files.replace(filePath, situation.file ?? file);
  await shell(host, make);
  const { exitCode, stdout, stderr } = await mustredirect(host, 'apply', '--yes', '--host', name);
  expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
  for (const text of says) expect(stdout).toMatch(text);
  expect(stdout).toMatch(/^not ready: .* closed, not redirected$/m);
  expect(stdout).toMatch(new RegExp(`rule 4200: from ${subnet} .*(?:prohibit|blackhole)`));
  expect(await host.run(['ip', 'route', 'show', 'table', 'all', 'proto', '136', 'default'])).not.toContain(
    'via',
  );
  const checked = await mustredirect(host, 'status', '--check', '--host', name);
  expect(checked).toMatchObject({ exitCode: 3 });
  for (const text of says) expect(checked.stdout).toMatch(text);
  await mustSucceed(host, 'destroy', '--yes');
}

describe('afterwards', () => {
  it('the unchanged file is applied', async () => {
    const { node1, gw1 } = world.hosts;
    for (const host of [gw1, node1]) {
      expect(await mustSucceed(host, 'apply', '--yes')).toContain('is as the file says');
    }
  });

  it('status reports parts that are not ready', async () => {
    const { gw1 } = world.hosts;
    await mustSucceed(gw1, 'status', '--check');
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'down']);
    const { exitCode, stdout } = await mustredirect(gw1, 'status');
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(
        'not ready: gateway office: its uplink uplink0 is down: closed, not redirected',
      ) as string,
    });
    expect(await mustredirect(gw1, 'status', '--check')).toMatchObject({ exitCode: 3 });
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'up']);
    await mustSucceed(gw1, 'apply', '--yes');
    await mustSucceed(gw1, 'status', '--check');
  });

  it('a full disk leaves everything unchanged', async () => {
    const { node1 } = world.hosts;
    const fill = `mkdir /run/kept; cp -a ${state}/. /run/kept; mount -t tmpfs -o size=64k,mode=755 state ${state}
cp -a /run/kept/. ${state}; dd if=/dev/zero of=${state}/full bs=4k status=none 2>/dev/null || true`;
    await shell(node1, fill);
    const before = await dumpHost(node1);
    await node1.files.replace(filePath, exampleFile('external', { direct: ['198.51.100.0/24'] }));
    const { exitCode, stderr } = await mustredirect(node1, 'apply', '--yes');
    await node1.files.replace(filePath, file);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no space left on its file system') as string,
    });
    expect(compareDumps(before, await dumpHost(node1))).toEqual([]);
    await shell(node1, `rm -r /run/kept ${state}/full`);
    await mustSucceed(node1, 'status', '--check');
    await shell(node1, `umount ${state}`);
  });

  it('a link without carrier is not down', async () => {
    const { gw1, upstream } = world.hosts;
    await upstream.run(['ip', 'link', 'set', 'gw1', 'down']);
    expect(await gw1.run(['ip', 'link', 'show', 'uplink0'])).toContain('NO-CARRIER');
    expect(await mustSucceed(gw1, 'apply', '--yes')).toContain('nothing to do');
    await upstream.run(['ip', 'link', 'set', 'gw1', 'up']);
  });

  it.each([
    ['everything', firewall('accept')],
    [
      'what the hint says',
      iptables([
        `-I FORWARD -s ${subnet} -j ACCEPT`,
        `-I FORWARD -d ${subnet} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      ]),
    ],
    ['what is not understood', firewall('meta mark 0x1 accept')],
  ])('a drop policy with a rule that accepts %s is not reported', async (_, make) => {
    const { gw1 } = world.hosts;
    await shell(gw1, make);
    try {
      expect(await mustSucceed(gw1, 'apply', '--yes')).toContain('nothing to do');
    } finally {
      await gw1.exec.run(['nft', 'delete', 'table', 'inet', 'fw']);
      await gw1.exec.run(['nft', 'delete', 'table', 'ip', 'filter']);
    }
  });

  it('plan lists foreign rules only when a policy drops packets that the gateway forwards', async () => {
    const { gw1 } = world.hosts;
    const rules = Array.from(
      { length: 10_000 },
      (_, i) => `ip saddr 10.${Math.floor(i / 250)}.${i % 250}.0/24 tcp dport ${i + 1} counter drop`,
    ).join('\n');
    const table = (policy: string): string =>
      `table ip many { chain forward { type filter hook forward priority 0; policy ${policy};\n${rules}\naccept\n} ; }`;
    const alone = await commandsOfPlan(gw1);
    expect(alone).toContain('$ nft -j list chains');
    for (const [policy, more] of [
      ['accept', []],
      ['drop', ['$ nft -s -t list table ip many']],
    ] as const) {
      await gw1.run(['nft', '-f', '-'], { input: table(policy) });
      expect(await commandsOfPlan(gw1)).toEqual([...alone, ...more].sort());
      await gw1.run(['nft', 'delete', 'table', 'ip', 'many']);
    }
  });
});

/** Sorted, since some commands run in parallel. */
async function commandsOfPlan(host: TestHost): Promise<string[]> {
  const { stderr } = await mustredirect(host, 'plan', '-v');
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .sort();
}
