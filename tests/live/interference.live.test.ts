/**
 * Foreign rules that drop or divert packets: each is first shown to cut off a container, then `doctor` names the rule,
 * and its remedy fixes it. Without such rules, nothing is reported.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../src/address/cidr.ts';
import type { Interference } from '../../src/explain/interference/describe.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const both = [4, 6] as const;
const bridge = 'mr0';
let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', families: both });
  const { containers, hosts } = world;
  await containers.createNetwork(network.name, network.subnet, network.subnet6);
  await containers.start('c1', network.name);
  for (const host of [hosts.gw1, hosts.node1]) {
    await host.files.replace(filePath, exampleFile('external', { families: both }));
    await mustSucceed(host, 'apply', '--yes');
  }
});

afterAll(() => world?.down());

async function isAnswered(family: Family): Promise<boolean> {
  const { internet } = addressesOf(family);
  const url = `http://${family === 4 ? internet : `[${internet}]`}`;
  return (await world.containers.run('c1', ['timeout', '1', 'wget', '-q', '-O', '-', url])).exitCode === 0;
}

async function answered(): Promise<Family[]> {
  const answers = await Promise.all(both.map(isAnswered));
  return both.filter((_, index) => answers[index]);
}

async function shell(host: TestHost, script: string): Promise<void> {
  await host.run(['sh', '-ec', script]);
}

/** Findings about foreign rules. */
async function findings(host: TestHost): Promise<Interference[]> {
  const { stdout } = await mustredirect(host, 'doctor', '--json');
  const found = JSON.parse(stdout) as (Interference | { readonly kind?: undefined })[];
  return found.filter((finding): finding is Interference => finding.kind !== undefined);
}

async function stopped(host: TestHost): Promise<number> {
  const { networks, gateways } = JSON.parse(await mustSucceed(host, 'status', '--json')) as {
    readonly networks: readonly { readonly dropped: number }[];
    readonly gateways: readonly { readonly served: readonly { readonly dropped: number }[] }[];
  };
  const all = [...networks, ...gateways.flatMap(({ served }) => served)];
  return all.reduce((sum, one) => sum + one.dropped, 0);
}

/** Everything that a probe could leave behind. */
async function leftovers(host: TestHost): Promise<string> {
  const flows = 'conntrack -L 2>/dev/null | grep -E "192.0.2|2001:db8::"; true';
  return `${await objects(host)}${await host.run(['sh', '-c', flows])}`;
}

/** Objects of a probe, without conntrack entries, which expire two minutes after a probe was killed. */
async function objects(host: TestHost): Promise<string> {
  return host.run(['sh', '-c', 'nft list tables | grep probe; ip -br link | grep mrp; true']);
}

/** Drops retransmissions of earlier packets, which last a minute and would be counted as dropped with the probe. */
const quiet = `nft -f - <<'N'
table inet quiet {
  chain begin {
    type filter hook prerouting priority -600
    ip saddr { 10.89.4.2, ${addressesOf(4).internet} } drop
    ip6 saddr { 2001:db8:89:4::2, ${addressesOf(6).internet} } drop
  }
}
N
`;

interface Case {
  readonly name: string;
  readonly host: 'node1' | 'gw1';
  readonly make: string;
  readonly takeBack: string;
  readonly direction?: 'out' | 'back';
  /** output of `doctor` */
  readonly says: RegExp;
  readonly culprit?: Interference['culprit'];
  /** false: the rule is removed by hand; absent: the remedy is run and must fix the problem */
  readonly mends?: false;
}

const iptables = (rule: string): string => `iptables ${rule}; ip6tables ${rule}`;
const legacy = (rule: string): string => `iptables-legacy ${rule}; ip6tables-legacy ${rule}`;
const flushed = (table: string): string => iptables(`-t ${table} -F`);
const { subnet, subnet6 } = network;

const filters: Case[] = [
  {
    name: 'REJECT as the last rule of FORWARD',
    host: 'node1',
    make: iptables('-A FORWARD -j REJECT'),
    takeBack: flushed('filter'),
    says: /^network mustredirect, IPv4: packets to the outside are dropped by rule `counter reject` \(handle \d+\) in chain FORWARD of nft table ip filter \(iptables\)$/,
    culprit: { family: 'ip', table: 'filter', chain: 'FORWARD', rule: 'counter reject' },
  },
  {
    name: 'a drop that names the bridge',
    host: 'node1',
    make: iptables(`-A FORWARD -i ${bridge} -j DROP`),
    takeBack: flushed('filter'),
    says: /dropped by rule `iifname "mr0" counter drop`/,
  },
  {
    name: 'a drop of answers that names the device that they go to',
    host: 'node1',
    make: iptables(`-A FORWARD -i eth0 -o ${bridge} -j DROP`),
    takeBack: flushed('filter'),
    direction: 'back',
    says: /: replies from the outside are dropped by rule `iifname "eth0" oifname "mr0" counter drop`/,
  },
  {
    name: 'a drop that names a device, of nft',
    host: 'node1',
    make: `nft 'add table inet fw; add chain inet fw f { type filter hook forward priority 5; }; add chain inet fw more; add rule inet fw f jump more; add rule inet fw more oifname "eth0" counter drop'`,
    takeBack: 'nft delete table inet fw',
    says: /rule `oifname "eth0" counter drop` \(handle \d+\) in chain more of nft table inet fw$/,
  },
  {
    name: 'a policy of nft',
    host: 'node1',
    make: `nft 'add table inet fw; add chain inet fw f { type filter hook forward priority 5; policy drop; }; add rule inet fw f ct state established accept; add rule inet fw f udp dport 53 accept'`,
    takeBack: 'nft delete table inet fw',
    says: /dropped by the policy of chain f of nft table inet fw$/,
  },
  {
    name: "a drop in a chain of Docker's",
    host: 'node1',
    make:
      iptables(`-N DOCKER-ISOLATION-STAGE-1`) +
      '\n' +
      iptables('-N DOCKER-USER') +
      '\n' +
      iptables('-A FORWARD -j DOCKER-USER') +
      '\n' +
      iptables('-A FORWARD -j DOCKER-ISOLATION-STAGE-1') +
      '\n' +
      iptables(`-A DOCKER-ISOLATION-STAGE-1 -o eth0 -j DROP`),
    takeBack: `${flushed('filter')}\n${iptables('-X')}`,
    says: /in chain DOCKER-ISOLATION-STAGE-1 of nft table ip filter \(iptables\), which is Docker's$/,
  },
  {
    name: 'a drop of TCP alone',
    host: 'node1',
    make: iptables('-A FORWARD -p tcp -j DROP'),
    takeBack: flushed('filter'),
    says: /: TCP packets to the outside are dropped by/,
    // TCP replies are not probed: accepting them is left to the user.
    mends: false,
  },
  {
    name: 'a drop on the gateway that names its uplink',
    host: 'gw1',
    make: iptables('-A FORWARD -i eth0 -o uplink0 -j DROP'),
    takeBack: flushed('filter'),
    says: /^gateway office, 10\.89\.4\.0\/24 of node1: packets to the outside are dropped by rule `iifname "eth0" oifname "uplink0" counter drop`/,
  },
  {
    name: 'a drop of answers on the gateway',
    host: 'gw1',
    make: iptables('-A FORWARD -i uplink0 -j REJECT'),
    takeBack: flushed('filter'),
    direction: 'back',
    says: /: replies from the outside are dropped by rule `iifname "uplink0" counter reject`/,
  },
];

const early: Case[] = (['PREROUTING', 'FORWARD', 'POSTROUTING'] as const).flatMap((chain): Case[] => {
  const device = chain === 'POSTROUTING' ? '-o eth0' : `-i ${bridge}`;
  const rule = `-A ${chain} ${device} -j DROP`;
  return [
    {
      name: `a drop in ${chain} of mangle`,
      host: 'node1',
      make: iptables(`-t mangle ${rule}`),
      takeBack: flushed('mangle'),
      says: new RegExp(`in chain ${chain} of nft table ip mangle \\(iptables\\)$`),
    },
    {
      name: `the same of iptables-legacy in ${chain}`,
      host: 'node1',
      make: legacy(`-t mangle ${rule}`),
      takeBack: legacy('-t mangle -F'),
      says: new RegExp(`dropped by rule \`${rule}\` of table mangle of iptables-legacy$`),
    },
  ];
});

const raw: Case[] = [
  {
    name: 'a drop in raw',
    host: 'node1',
    make: iptables(`-t raw -A PREROUTING -i ${bridge} -j DROP`),
    takeBack: flushed('raw'),
    says: /rule `iifname "mr0" counter drop` \(handle \d+\) in chain PREROUTING of nft table ip raw \(iptables\)$/,
  },
  {
    name: 'a drop in raw of iptables-legacy',
    host: 'node1',
    make: legacy(`-t raw -A PREROUTING -i ${bridge} -j DROP`),
    takeBack: legacy('-t raw -F'),
    says: /dropped by rule `-A PREROUTING -i mr0 -j DROP` of table raw of iptables-legacy$/,
  },
  {
    name: 'a drop in FORWARD of iptables-legacy',
    host: 'gw1',
    make: legacy('-A FORWARD -o uplink0 -j DROP'),
    takeBack: legacy('-F'),
    says: /dropped by rule `-A FORWARD -o uplink0 -j DROP` of table filter of iptables-legacy$/,
  },
  {
    name: 'a policy of iptables-legacy',
    host: 'gw1',
    make: legacy('-P FORWARD DROP'),
    takeBack: legacy('-P FORWARD ACCEPT'),
    says: /dropped by rule `-P FORWARD DROP` of table filter of iptables-legacy$/,
  },
];

const reverse: Case[] = [
  {
    name: 'rpfilter of iptables on the gateway',
    host: 'gw1',
    make: iptables('-t raw -A PREROUTING -m rpfilter --invert -j DROP'),
    takeBack: flushed('raw'),
    direction: 'back',
    says: /: replies from the outside are dropped by rule `fib saddr \. iif oif (?:0|missing) counter drop`/,
  },
  {
    name: 'rpfilter of iptables-legacy on the gateway',
    host: 'gw1',
    make: legacy('-t raw -A PREROUTING -m rpfilter --invert -j DROP'),
    takeBack: legacy('-t raw -F'),
    direction: 'back',
    says: /: replies from the outside are dropped by rule `-A PREROUTING -m rpfilter --invert -j DROP`/,
  },
  {
    name: 'fib of nft on the gateway',
    host: 'gw1',
    make: `nft 'add table inet firewalld; add chain inet firewalld pre { type filter hook prerouting priority -290; }; add rule inet firewalld pre fib saddr . iif oif missing drop'`,
    takeBack: 'nft delete table inet firewalld',
    direction: 'back',
    says: /rule `fib saddr \. iif oif missing drop` \(handle \d+\) in chain pre of nft table inet firewalld, which is firewalld's$/,
    mends: false,
  },
];

const eachFamily = (rule: (family: string, subnet: string) => string): string =>
  `${rule('-4', subnet)}\n${rule('-6', subnet6)}`;

const diverted: Case[] = [
  {
    name: 'a foreign rule before ours on the node',
    host: 'node1',
    make: eachFamily(
      (f, s) =>
        `ip ${f} route add default via ${f === '-4' ? '192.168.50.1' : '2001:db8:50::1'} table 77; ip ${f} rule add from ${s} lookup 77 pref 100`,
    ),
    takeBack: eachFamily((f) => `ip ${f} route flush table 77; ip ${f} rule del lookup 77 || true`),
    says: /packets to the outside go via 192\.168\.50\.1 dev eth0 table 77, and not to 192\.168\.50\.2 on eth0, by `ip rule` 100: from 10\.89\.4\.0\/24 lookup 77$/,
    culprit: { preference: 100, rule: 'from 10.89.4.0/24 lookup 77' },
  },
  {
    name: 'a foreign rule that goes nowhere',
    host: 'node1',
    make: eachFamily((f, s) => `ip ${f} rule add from ${s} iif ${bridge} pref 101 prohibit`),
    takeBack: eachFamily((f) => `ip ${f} rule del pref 101 || ip ${f} rule del pref 5000`),
    says: /packets to the outside are not routed \(Permission denied\), and not to 192\.168\.50\.2 on eth0, by `ip rule` 101: from 10\.89\.4\.0\/24 iif mr0 prohibit$/,
  },
  {
    name: 'a foreign rule before ours on the gateway',
    host: 'gw1',
    make: eachFamily(
      (f, s) =>
        `ip ${f} route add default via ${f === '-4' ? '192.168.50.1' : '2001:db8:50::1'} table 77; ip ${f} rule add from ${s} lookup 77 pref 100`,
    ),
    takeBack: eachFamily((f) => `ip ${f} route flush table 77; ip ${f} rule del lookup 77 || true`),
    says: /^gateway office, 10\.89\.4\.0\/24 of node1: packets to the outside go via 192\.168\.50\.1 dev eth0 table 77, and not to 172\.31\.0\.1 on uplink0/,
  },
  {
    name: 'a foreign rule about answers on the gateway',
    host: 'gw1',
    make: eachFamily(
      (f, s) =>
        `ip ${f} route add default via ${f === '-4' ? '192.168.50.1' : '2001:db8:50::1'} table 77; ip ${f} rule add to ${s} lookup 77 pref 100`,
    ),
    takeBack: eachFamily((f) => `ip ${f} route flush table 77; ip ${f} rule del lookup 77 || true`),
    direction: 'back',
    says: /: replies from the outside go via 192\.168\.50\.1 dev eth0 table 77, and not to 192\.168\.50\.10 on eth0/,
  },
  {
    name: 'a mark, and a foreign rule about it',
    host: 'node1',
    make: `${iptables(`-t mangle -A PREROUTING -i ${bridge} -j MARK --set-mark 0x20000000/0x20000000`)}
${eachFamily((f) => `ip ${f} route add default via ${f === '-4' ? '192.168.50.1' : '2001:db8:50::1'} table 77; ip ${f} rule add fwmark 0x20000000/0x20000000 lookup 77 pref 100`)}`,
    takeBack: `${flushed('mangle')}
${eachFamily((f) => `ip ${f} route flush table 77; ip ${f} rule del lookup 77 || true`)}`,
    says: /by `ip rule` 100: from all fwmark 0x20000000\/0x20000000 lookup 77, with mark 0x2\w+ from rule `iifname "mr0" counter meta mark set .*` \(handle \d+\) in chain PREROUTING of nft table ip mangle/,
  },
  {
    name: 'DNAT of all that comes from the bridge',
    host: 'node1',
    make: `iptables -t nat -A PREROUTING -i ${bridge} -j DNAT --to 192.168.50.1
ip6tables -t nat -A PREROUTING -i ${bridge} -j DNAT --to 2001:db8:50::1`,
    takeBack: flushed('nat'),
    says: /packets to the outside become packets from 10\.89\.4\.\d+ to 192\.168\.50\.1 by rule `iifname "mr0" counter dnat to 192\.168\.50\.1`/,
  },
  {
    name: 'REDIRECT to this host',
    host: 'node1',
    make: ['tcp', 'udp']
      .map((protocol) =>
        iptables(`-t nat -A PREROUTING -i ${bridge} -p ${protocol} -j REDIRECT --to-ports 1`),
      )
      .join('\n'),
    takeBack: flushed('nat'),
    says: /become packets from 10\.89\.4\.\d+ to 10\.89\.4\.1 by rule `.*redirect to :1`/,
  },
];

it('nothing is reported without interference', async () => {
  expect(await answered()).toEqual(both);
  for (const host of [world.hosts.node1, world.hosts.gw1]) {
    const { exitCode, stdout, stderr } = await mustredirect(host, 'doctor', '-v');
    // A container that is a bare namespace has all capabilities, which doctor reports, too.
    expect([0, 3]).toContain(exitCode);
    expect(stdout).not.toMatch(/\b(?:dropped|rejected|not routed)\b/);
    expect(stderr).not.toContain('not probed');
    expect(await leftovers(host)).toBe('');
  }
});

describe.each([
  ['in filter', filters],
  ['in mangle', early],
  ['in raw', raw],
  ['by the way back', reverse],
  ['by another way', diverted],
] as const)('%s', (_, cases) => {
  it.each(aShareOf<Case>(cases, 4))('$name', async (one) => {
    const { direction = 'out', culprit = {}, says } = one;
    const host = world.hosts[one.host];
    expect(await answered()).toEqual(both);
    await shell(host, quiet);
    await shell(host, one.make);
    try {
      const before = await stopped(host);
      const found = await findings(host);
      expect(await stopped(host)).toBe(before);
      await shell(host, 'nft delete table inet quiet');
      expect(await leftovers(host)).toBe('');
      expect(await answered()).toEqual([]);
      expect(found.map(({ problem }) => problem)).toEqual(
        expect.arrayContaining([expect.stringMatching(says)]),
      );
      expect([...new Set(found.map((finding) => finding.direction))]).toEqual([direction]);
      expect(found[0]?.culprit).toMatchObject(culprit);
      if (one.mends === false) return;
      for (let left = found; left.length > 0; left = await findings(host)) {
        for (const { remedy } of left) await shell(host, /`(.*)`/.exec(remedy)?.[1] ?? 'false');
        expect(left.length).toBeLessThanOrEqual(found.length);
      }
      expect(await answered()).toEqual(both);
    } finally {
      await shell(host, `${one.takeBack}\nnft delete table inet quiet 2>/dev/null || true`);
    }
  });
});

describe('a drop on the node', () => {
  const make = iptables(`-A FORWARD -o eth0 -j DROP`);
  const node = (): TestHost => world.hosts.node1;
  /** deletes a rule, so that apply has something to do */
  const damage = 'ip rule del pref 4051';
  const problem =
    /network mustredirect, IPv4: packets to the outside are dropped by rule `oifname "eth0" counter drop` \(handle \d+\) in chain FORWARD of nft table ip filter \(iptables\)/;

  beforeAll(() => shell(node(), make));
  afterAll(() => shell(node(), flushed('filter')));

  it('is a warning of apply, which completes', async () => {
    await shell(node(), damage);
    const { exitCode, stdout, stderr } = await mustredirect(node(), 'apply', '--yes');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('done: node1 is as the file says')]);
    expect(stderr).toMatch(new RegExp(`warning: ${problem.source}`));
    expect(stderr).toContain('`iptables -I FORWARD -i mr0 -o eth0 -s 10.89.4.0/24 -j ACCEPT`');
    expect(await node().run(['ip', 'rule'])).toMatch(/^4051:/m);
  });

  it('is in the JSON of apply', async () => {
    await shell(node(), damage);
    const { interference } = JSON.parse(await mustSucceed(node(), 'apply', '--yes', '--json')) as {
      readonly interference: readonly Interference[];
    };
    expect(interference).toHaveLength(2);
    expect(interference[0]).toMatchObject({
      problem: expect.stringMatching(problem) as string,
      kind: 'dropped',
      direction: 'out',
      subjects: ['network mustredirect, IPv4'],
      culprit: { family: 'ip', table: 'filter', chain: 'FORWARD', rule: 'oifname "eth0" counter drop' },
    });
  });

  it('is not checked by apply without differences, nor by apply --closed', async () => {
    const tablesMade = async (...args: string[]): Promise<string> => {
      const watch = await node().background.start(endingWithStdin(['nft', 'monitor']));
      await mustredirect(node(), ...args);
      return (await watch.stop()).stdout;
    };
    expect(await tablesMade('doctor')).toContain('mustredirect_probe');
    expect(await tablesMade('apply', '--yes')).not.toContain('mustredirect_probe');
    expect(await tablesMade('apply', '--yes', '--closed')).not.toContain('mustredirect_probe');
  });

  it('makes doctor exit with 3', async () => {
    const { exitCode, stdout } = await mustredirect(node(), 'doctor');
    expect([exitCode, stdout]).toEqual([3, expect.stringMatching(problem)]);
  });

  it('is reported by verify', async () => {
    const { exitCode, stdout } = await mustredirect(node(), 'verify');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /FAILED {2}others {5}packets to the outside are dropped by rule `oifname "eth0" counter drop`/,
    );
  });
});

it('verify reports that no packet is dropped', async () => {
  const { stdout } = await mustredirect(world.hosts.gw1, 'verify');
  expect(stdout.match(/ok {6}others {5}a packet each way passed all rules of this host/g)).toHaveLength(2);
});

it('a killed verify leaves nothing behind', async () => {
  const { node1 } = world.hosts;
  const began = performance.now();
  await mustredirect(node1, 'doctor');
  const whole = (performance.now() - began) / 1000;
  for (const part of [0.4, 0.55, 0.7, 0.8, 0.9]) {
    const script = `timeout -s KILL ${(whole * part).toFixed(2)} ${programPath} doctor >/dev/null; sleep 0.5`;
    await node1.exec.run(['sh', '-c', script]);
    expect(await objects(node1)).toBe('');
  }
});

/** Failures of programs, as on kernels without the module, or when nft crashes. */
it.each([
  ['tc', 'exit 2', /tc -batch -: exit 2/],
  ['nft', '[ "$1" = monitor ] && exit 139; exec /run/real-nft "$@"', /nft monitor trace: exit 139/],
  ['nft', '[ "$1" = -i ] && exit 1; exec /run/real-nft "$@"', /nft -i: exit 1/],
])('probing is skipped and reported when %s fails (%s)', async (program, script, says) => {
  const { node1 } = world.hosts;
  const path = (await node1.run(['sh', '-c', `readlink -f "$(command -v ${program})"`])).trim();
  await node1.run(['cp', path, `/run/real-${program}`]);
  await node1.files.replace('/run/fails', `#!/bin/sh\n${script}\n`, 0o755);
  await node1.run(['mount', '--bind', '/run/fails', path]);
  try {
    const { stderr } = await mustredirect(node1, 'doctor', '-v');
    expect(stderr).toMatch(new RegExp(`not probed: no packet was sent: ${says.source}`));
  } finally {
    await node1.run(['umount', path]);
  }
  expect(await objects(node1)).toBe('');
});
