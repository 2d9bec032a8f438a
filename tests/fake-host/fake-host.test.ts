/** Compares the fake host with recorded output of real programs: nft 1.0.6 and iproute2 6.1 on Linux 6.18. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFakeHost, type FakeHost } from './fake-host.ts';
import { runHook } from './nft-evaluate.ts';
import { fateOf } from './packet.ts';

const links = [
  { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false },
  { name: 'br0', up: true, addresses: ['10.89.4.1/24'], pointToPoint: false },
  { name: 'gre1', up: true, addresses: ['172.31.0.1/32'], pointToPoint: true },
  { name: 'off0', up: false, addresses: ['10.7.0.1/24'], pointToPoint: false },
];

function recorded(name: string): string {
  return readFileSync(new URL(`../../src/host/${name}`, import.meta.url), 'utf8');
}

async function ip(host: FakeHost, ...lines: readonly string[]): Promise<string> {
  return batch(host, '-4', lines);
}

async function ip6(host: FakeHost, ...lines: readonly string[]): Promise<string> {
  return batch(host, '-6', lines);
}

async function batch(host: FakeHost, family: string, lines: readonly string[]): Promise<string> {
  const input = lines.map((line) => `${line}\n`).join('');
  return (await host.exec.run(['ip', family, '-batch', '-'], { input })).stderr;
}

async function nft(host: FakeHost, ...lines: readonly string[]): Promise<string> {
  const { stderr } = await host.exec.run(['nft', '-f', '-'], { input: lines.join('\n') });
  return stderr.split('\n')[0] ?? '';
}

/** Removes values that differ between kernels: handles and counters. */
function withoutNumbers(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === 'handle') return undefined;
    return key === 'packets' || key === 'bytes' ? 0 : value;
  });
}

/** Fields of routes that we read, without unused routes of table local. */
function routesOf(text: string): unknown[] {
  const routes = JSON.parse(text) as Record<string, unknown>[];
  return routes
    .filter(({ table, dst }) => table !== '255' && dst !== '172.31.0.2')
    .map(({ type, dst, gateway, dev, table, protocol, metric }) => {
      return { type, dst, gateway, dev, table, protocol, metric };
    });
}

describe('nft', () => {
  it.each(['table-node', 'table-node-and-member', 'table-6'])('lists %s like the real nft', async (name) => {
    const host = createFakeHost({ links });
    expect(await nft(host, recorded(`nft/fixtures/${name}.nft`))).toBe('');
    const { stdout } = await host.exec.run(['nft', '-j', 'list', 'table', 'inet', 'mustredirect']);
    expect(withoutNumbers(stdout)).toEqual(withoutNumbers(recorded(`nft/fixtures/${name}.json`)));
  });

  const table = 'inet mustredirect';

  it.each([
    [[`add element ${table} redirected4 { 10.89.4.0/25 }`], 'interval overlaps'],
    [[`delete element ${table} redirected4 { 10.89.4.0/25 }`], 'element does not exist'],
    [[`add element ${table} nosuch { 10.89.4.0/25 }`], 'No such file or directory'],
    [[`add element ${table} nexthops4 { 10.89.4.0/25 . 192.168.50.2 }`], 'overlaps'],
    [[`delete set ${table} redirected4`], 'Device or resource busy'],
    [[`delete chain ${table} guard`], 'Device or resource busy'],
    [[`flush chain ${table} guard`, `delete chain ${table} guard`], 'Device or resource busy'],
    [[`delete chain ${table} nosuch`], 'No such file or directory'],
    [[`add rule ${table} guard ip saddr @nosuch drop`], 'No such file or directory'],
    [[`add rule ${table} forward jump nosuch`], 'No such file or directory'],
    [[`add set ${table} stopped4 { type ipv4_addr; flags interval; }`], 'File exists'],
    [
      [`add chain ${table} forward { type filter hook forward priority -2; policy accept; }`],
      'Operation not supported',
    ],
    [[`delete table ${table}`, `delete table ${table}`], 'No such file or directory'],
  ])('refuses %j like the real nft, and changes nothing', async (lines, problem) => {
    const host = createFakeHost({ links });
    await nft(host, recorded('nft/fixtures/table-node.nft'));
    const before = host.dump();
    expect(await nft(host, `add chain ${table} first`, ...lines)).toContain(problem);
    expect(host.dump()).toBe(before);
  });

  it.each([
    [
      `delete element ${table} redirected4 { 10.89.4.0/24, 10.89.5.7 }`,
      `add element ${table} redirected4 { 10.89.4.0/23 }`,
    ],
    [`add element ${table} redirected4 { 10.89.4.0/24 }`],
    [`add element ${table} nexthops4 { 10.89.4.0/24 . 192.168.50.3 }`],
    [`flush chain ${table} forward`, `flush chain ${table} guard`, `delete chain ${table} guard`],
    [`add table ${table}`, `delete table ${table}`],
  ])('accepts what the real nft accepts: %s', async (...lines) => {
    const host = createFakeHost({ links });
    await nft(host, recorded('nft/fixtures/table-node.nft'));
    expect(await nft(host, ...lines)).toBe('');
  });

  it('reports a missing table', async () => {
    const { exitCode, stderr } = await createFakeHost({ links }).exec.run([
      'nft',
      '-j',
      'list',
      'table',
      'inet',
      'mustredirect',
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('No such file or directory');
  });
});

describe('ip', () => {
  const nop = 'rule add preference 4999 from all nop protocol 136';

  it('lists rules like the real ip', async () => {
    const host = createFakeHost({
      links,
      rules: [
        {
          preference: 100,
          fwmark: { value: 0xca6c, mask: 0xffffffff },
          action: { kind: 'lookup', table: 51820 },
          protocol: 0,
        },
        { preference: 4100, from: '10.77.0.0/16', action: { kind: 'lookup', table: 77 }, protocol: 0 },
        {
          preference: 5210,
          fwmark: { value: 0x80000, mask: 0xff0000 },
          action: { kind: 'lookup', table: 52 },
          protocol: 0,
        },
      ],
    });
    const said = await ip(
      host,
      nop,
      'rule add preference 4000 fwmark 0x1000/0x1000 goto 4999 protocol 136',
      'rule add preference 4050 to 10.89.4.0/24 goto 4999 protocol 136',
      'rule add preference 4060 from 10.89.4.0/24 to 1.1.1.1/32 goto 4999 protocol 136',
      'rule add preference 4200 from 10.89.4.0/24 prohibit protocol 136',
      'rule add preference 4100 from 10.89.4.0/24 lookup 2184 protocol 136',
      'rule add preference 4100 from 10.89.5.7/32 lookup 2184 protocol 136',
    );
    expect(said).toBe('');
    const { stdout } = await host.exec.run(['ip', '-j', '-N', '-4', 'rule', 'show']);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(recorded('ip/fixtures/ip-rule.json')));
  });

  it('lists the same in a batch as one by one', async () => {
    const host = createFakeHost({ links });
    await ip(host, nop, 'xfrm policy add src 10.89.4.0/24 dst 0.0.0.0/0 dir fwd priority 137 action block');
    const lists = ['rule show', 'route show table all', 'xfrm policy list'];
    const options = ['-j', '-N', '-4'];
    const together = ['ip', ...options, '-batch', '-'];
    const { stdout } = await host.exec.run(together, { input: lists.map((line) => `${line}\n`).join('') });
    const each = lists.map(async (line) => host.exec.run(['ip', ...options, ...line.split(' ')]));
    expect(`${stdout}\n`).toBe((await Promise.all(each)).map((output) => output.stdout).join(''));
    expect(host.events.map(({ changes }) => changes)).toEqual([true, false, false, false, false]);
    host.failWhen(() => ({ kind: 'failed', afterLine: 1 }));
    expect(await host.exec.run(together, { input: `${lists.join('\n')}\n` })).toMatchObject({
      exitCode: 1,
      stdout: stdout.split('\n')[0],
      stderr: expect.stringContaining('Command failed -:2') as string,
    });
  });

  it('stops at the first error of a batch, keeps earlier changes, and continues with -force', async () => {
    const host = createFakeHost({ links });
    const lines = [nop, nop, 'rule add preference 4998 from all nop protocol 136'];
    expect(await ip(host, ...lines)).toBe('RTNETLINK answers: File exists\nCommand failed -:2');
    expect(host.dump()).toContain('rule 4999: nop');
    expect(host.dump()).not.toContain('rule 4998: nop');
    const forced = await host.exec.run(['ip', '-force', '-4', '-batch', '-'], {
      input: lines.map((line) => `${line}\n`).join(''),
    });
    expect(forced.exitCode).toBe(1);
    expect(host.dump()).toContain('rule 4998: nop');
  });

  it.each([
    ['rule delete preference 4998 from all nop protocol 136', 'RTNETLINK answers: No such file or directory'],
    ['rule add preference 4001 from all goto 4000 protocol 136', 'Error: Backward goto not supported.'],
    ['route add default via 10.1.1.1 dev eth0 table 9 protocol 136', 'Error: Nexthop has invalid gateway.'],
    [
      'route add default via 192.168.50.2 dev br0 table 9 protocol 136',
      'Error: Nexthop has invalid gateway.',
    ],
    ['route add default via 192.168.50.2 dev nosuch table 9 protocol 136', 'Cannot find device "nosuch"'],
    ['route add default via 10.7.0.2 dev off0 table 9 protocol 136', 'Error: Nexthop has invalid gateway.'],
    ['route add default dev off0 table 9 protocol 136', 'Error: Device for nexthop is not up.'],
    [
      'route delete default via 192.168.50.9 dev eth0 table 9 protocol 136',
      'RTNETLINK answers: No such process',
    ],
    ['route add default via 192.168.50.3 dev eth0 table 7 protocol 136', 'RTNETLINK answers: File exists'],
    [
      'route replace default via 10.1.1.1 dev eth0 table 7 protocol 136',
      'Error: Nexthop has invalid gateway.',
    ],
    [
      'route delete default via 192.168.50.9 dev eth0 table 7 protocol 136',
      'RTNETLINK answers: No such process',
    ],
  ])('refuses %s like the real ip', async (line, problem) => {
    const host = createFakeHost({ links });
    expect(await ip(host, 'route add default via 192.168.50.2 dev eth0 table 7 protocol 136')).toBe('');
    expect(await ip(host, line)).toBe(`${problem}\nCommand failed -:1`);
  });

  it('lists routes like the real ip', async () => {
    const host = createFakeHost({
      links: [
        { name: 'br0', up: true, addresses: ['10.89.4.1/24'], pointToPoint: false },
        { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false },
        { name: 'gre1', up: true, addresses: ['172.31.0.1/32'], pointToPoint: true },
      ],
    });
    const said = await ip(
      host,
      'route add default via 192.168.50.1 dev eth0',
      'route add unreachable default table 2184 metric 4294967295 protocol 136',
      'route add default via 192.168.50.2 dev eth0 table 2184 protocol 136',
      'route add default dev gre1 table 2185 protocol 136',
      'route add unreachable 10.89.5.7/32 table 254 metric 4294967295 protocol 136',
      'route add 10.89.5.0/24 via 192.168.50.11 dev eth0 table 254 metric 4000 protocol 136',
      'route add 10.9.0.0/16 via 192.168.50.1 dev eth0 table 52',
    );
    expect(said).toBe('');
    const { stdout } = await host.exec.run(['ip', '-j', '-N', '-4', 'route', 'show', 'table', 'all']);
    expect(routesOf(stdout)).toEqual(routesOf(recorded('ip/fixtures/ip-route.json')));
  });

  it('replaces a route, and keeps one with another metric', async () => {
    const host = createFakeHost({ links });
    expect(
      await ip(
        host,
        'route add default via 192.168.50.2 dev eth0 table 7 protocol 136',
        'route add unreachable default table 7 metric 4294967295 protocol 136',
        'route replace default dev gre1 table 7 protocol 136',
      ),
    ).toBe('');
    expect(host.state.routes).toMatchObject([{ device: 'gre1' }, { type: 'unreachable' }]);
  });
});

describe('ip -6', () => {
  const links6 = [
    {
      name: 'eth0',
      up: true,
      addresses: ['192.168.50.10/24', '2001:db8:50::10/64', 'fe80::ff:fe00:2/64'],
      pointToPoint: false,
    },
    { name: 'br0', up: true, addresses: ['fd89:4::1/64'], pointToPoint: false },
    { name: 'gre1', up: true, addresses: ['fd31::1/128'], pointToPoint: true },
    { name: 'off0', up: false, addresses: ['fd07::1/64'], pointToPoint: false },
  ];
  const open = 'route add default via 2001:db8:50::2 dev eth0 table 7 protocol 136';
  const closed = 'route add unreachable default table 7 metric 4294967295 protocol 136';

  async function list(host: FakeHost, ...what: readonly string[]): Promise<string> {
    return (await host.exec.run(['ip', '-j', '-N', '-6', ...what])).stdout;
  }

  it('lists rules like the real ip, without those of IPv4', async () => {
    const foreign = { family: 6, protocol: 0 } as const;
    const host = createFakeHost({
      links: links6,
      rules: [
        {
          ...foreign,
          preference: 100,
          fwmark: { value: 0xca6c, mask: 0xffffffff },
          action: { kind: 'lookup', table: 51820 },
        },
        {
          ...foreign,
          preference: 5210,
          fwmark: { value: 0x80000, mask: 0xff0000 },
          action: { kind: 'lookup', table: 52 },
        },
      ],
    });
    await ip(host, 'rule add preference 4999 from all nop protocol 136');
    const said = await ip6(
      host,
      'rule add preference 4999 from all nop protocol 136',
      'rule add preference 4000 fwmark 0x1000/0x1000 goto 4999 protocol 136',
      'rule add preference 4050 to fd89:4::/64 lookup 254 suppress_prefixlength 63 protocol 136',
      'rule add preference 4051 to fd89:4::/64 unreachable protocol 136',
      'rule add preference 4060 from fd89:4::/64 to 2001:4860::8888/128 goto 4999 protocol 136',
      'rule add preference 4200 from fd89:4::/64 prohibit protocol 136',
      'rule add preference 4100 from fd89:4::/64 lookup 2184 protocol 136',
      'rule add preference 4100 from fd89:5::7/128 lookup 2184 protocol 136',
      'rule add preference 4100 from fd77::/48 lookup 77',
    );
    expect(said).toBe('');
    expect(JSON.parse(await list(host, 'rule', 'show'))).toEqual(
      JSON.parse(recorded('ip/fixtures/ip-rule-6.json')),
    );
  });

  it('lists routes like the real ip, without those of IPv4', async () => {
    const host = createFakeHost({ links: links6.slice(0, 3) });
    await ip(host, 'route add default via 192.168.50.2 dev eth0 table 7 protocol 136');
    const said = await ip6(
      host,
      'route add default via 2001:db8:50::1 dev eth0 metric 2048',
      'route add default via fe80::ff:fe00:1 dev eth0 metric 1024 protocol 9',
      'route add 2001:db8:9::/48 via fe80::1 dev eth0',
      'route add unreachable default table 2184 metric 4294967295 protocol 136',
      'route add default via 2001:db8:50::2 dev eth0 table 2184 metric 1024 protocol 136',
      'route add default via fe80::2 dev eth0 table 2186 protocol 136',
      'route add default dev gre1 table 2185 metric 1024 protocol 136',
      'route add unreachable fd89:5::7/128 table 254 metric 4294967295 protocol 136',
      'route add fd89:5::/64 via 2001:db8:50::11 dev eth0 table 254 metric 4000 protocol 136',
      'route add 2001:db8:99::/48 via 2001:db8:50::1 dev eth0 table 52',
    );
    expect(said).toBe('');
    const comparable = (text: string): unknown[] =>
      (JSON.parse(text) as Record<string, unknown>[])
        // Not modelled: several next hops, a prefix from a router, and a form that only ip prints.
        .filter(({ dst }) => !/^(2001:db8:8::|2001:db8:77::|::ffff:)/.test(String(dst)))
        .map(({ type, dst, gateway, dev, table, protocol, metric }) => {
          return { type, dst, gateway, dev, table, protocol, metric };
        });
    expect(comparable(await list(host, 'route', 'show', 'table', 'all'))).toEqual(
      comparable(recorded('ip/fixtures/ip-route-6.json')),
    );
  });

  it.each([
    ['rule add preference 4001 from all goto 4000 protocol 136', 'Error: Backward goto not supported.'],
    [
      'route add default via 2001:db8:51::1 dev eth0 table 9 protocol 136',
      'RTNETLINK answers: No route to host',
    ],
    [
      'route add default via 2001:db8:50::2 dev br0 table 9 protocol 136',
      'RTNETLINK answers: No route to host',
    ],
    ['route add default via 2001:db8:50::2 dev nosuch table 9 protocol 136', 'Cannot find device "nosuch"'],
    ['route add default via fd07::2 dev off0 table 9 protocol 136', 'RTNETLINK answers: No route to host'],
    ['route add default dev off0 table 9 protocol 136', 'Error: Nexthop device is not up.'],
    ['route add default via fe80::2 dev off0 table 9 protocol 136', 'Error: Nexthop device is not up.'],
    ['route add default via fe80::2 table 9 protocol 136', 'Error: Egress device not specified.'],
    ['route add default via 2001:db8:50::3 dev eth0 table 7 protocol 136', 'RTNETLINK answers: File exists'],
    [closed, 'RTNETLINK answers: File exists'],
    [
      'route delete default via 2001:db8:50::9 dev eth0 table 7 protocol 136',
      'RTNETLINK answers: No such process',
    ],
    [
      'route delete default via 2001:db8:50::2 dev eth0 table 7 metric 4294967295 protocol 136',
      'RTNETLINK answers: No such process',
    ],
    [
      'route delete unreachable default table 7 metric 4294967295 protocol 135',
      'RTNETLINK answers: No such process',
    ],
  ])('refuses %s like the real ip', async (line, problem) => {
    const host = createFakeHost({ links: links6 });
    expect(await ip6(host, open, closed)).toBe('');
    expect(await ip6(host, line)).toBe(`${problem}\nCommand failed -:1`);
  });

  it('matches a route of another type like the real ip', async () => {
    const host = createFakeHost({ links: links6 });
    const line = 'route delete unreachable default table 7 metric 1024 protocol 136';
    expect(await ip6(host, open, closed, line)).toBe('');
    expect(host.state.routes).toMatchObject([{ type: 'unreachable' }]);
  });

  it('lists policies like the real ip, without those of IPv4', async () => {
    const host = createFakeHost({ links: links6 });
    await ip(host, 'xfrm policy add src 10.89.4.0/24 dst 0.0.0.0/0 dir fwd priority 137 action block');
    const said = await ip6(
      host,
      'xfrm policy add src fd89:4::/64 dst ::/0 dir fwd priority 136 action allow mark 0x80 mask 0x80',
      'xfrm policy add src fd89:4::/64 dst ::/0 dir fwd priority 137 action block',
      'xfrm policy add src fd89:5::7/128 dst ::/0 dir fwd priority 137 action block',
    );
    expect(said).toBe('');
    expect((await host.exec.run(['ip', '-j', '-N', '-6', 'xfrm', 'policy', 'list'])).stdout).toBe(
      [
        'src fd89:5::7/128 dst ::/0 ',
        '\tdir fwd action block priority 137 ptype main ',
        'src fd89:4::/64 dst ::/0 ',
        '\tdir fwd action block priority 137 ptype main ',
        'src fd89:4::/64 dst ::/0 ',
        '\tdir fwd priority 136 ptype main ',
        '\tmark 0x80/0x80 ',
        '',
      ].join('\n'),
    );
  });
});

describe('an IPv6 packet', () => {
  const way = [
    'rule add preference 4050 to fd91::/48 lookup 254 suppress_prefixlength 47 protocol 136',
    'rule add preference 4100 from fd91::/48 lookup 2184 protocol 136',
    'rule add preference 4200 from fd91::/48 prohibit protocol 136',
    'route add default via fe80::2 dev eth0 table 2184 metric 1024 protocol 136',
    'route add default via 2001:db8:50::1 dev eth0',
  ];
  const sent = { source: 'fd91::5', destination: '2001:db8:77::7', ingress: 'podman1' };

  async function hostWithTable(lines: readonly string[] = way): Promise<FakeHost> {
    const host = createFakeHost({
      links: [
        {
          name: 'eth0',
          up: true,
          addresses: ['2001:db8:50::10/64', '192.168.50.10/24'],
          pointToPoint: false,
        },
        { name: 'podman1', up: true, addresses: ['fd91::1/48'], pointToPoint: false },
      ],
    });
    expect(await nft(host, recorded('nft/fixtures/table-6.nft'))).toBe('');
    expect(await ip6(host, ...lines)).toBe('');
    return host;
  }

  it.each([
    ['is routed by the table of its subnet', way, sent, { kind: 'leaves', table: 2184, nextHop: 'fe80::2' }],
    ['keeps its source', way, sent, { kind: 'leaves', source: sent.source }],
    [
      'is dropped by the guard without a rule that steers it',
      way.filter((line) => !line.includes(' 4100 ') && !line.includes(' 4200 ')),
      sent,
      { kind: 'stopped', by: 'guard' },
    ],
    [
      'is dropped by a rule when its table is empty',
      way.filter((line) => !line.includes('fe80::2')),
      sent,
      { kind: 'stopped', by: 'rule' },
    ],
    [
      'reaches another container by its bridge',
      way,
      { ...sent, destination: 'fd91::6' },
      { kind: 'leaves', table: 254, device: 'podman1', nextHop: 'fd91::6' },
    ],
    ['reaches the host', way, { ...sent, destination: '2001:db8:50::10' }, { kind: 'to-host' }],
    [
      'with a foreign source is dropped',
      way,
      { ...sent, source: 'fd99::5' },
      { kind: 'stopped', by: 'guard' },
    ],
    [
      'with a foreign source leaves by a rule for its protocol',
      way,
      { ...sent, source: 'fd99::5', protocol: 'ipv6-icmp' as const },
      { kind: 'leaves', table: 254, nextHop: '2001:db8:50::1' },
    ],
    [
      'with a foreign source leaves by a rule for its port',
      way,
      { ...sent, source: 'fd99::5', protocol: 'tcp' as const, port: 25 },
      { kind: 'leaves', table: 254 },
    ],
    [
      'with a link-local source is forwarded',
      way,
      { ...sent, source: 'fe80::5' },
      { kind: 'leaves', table: 254 },
    ],
  ])('%s', async (_, lines, packet, fate) => {
    expect(fateOf((await hostWithTable(lines)).state, packet)).toMatchObject(fate);
  });

  it.each([
    ['udp', 53, true],
    ['udp', 54, false],
    ['tcp', 53, false],
    [undefined, undefined, false],
  ] as const)('is matched by protocol %s and port %s: %s', async (protocol, port, marked) => {
    const { state } = await hostWithTable();
    const packet = { ...sent, mark: 0, answer: false, protocol, port };
    const entered = runHook(state.nft, 'prerouting', { ...packet, source: 'fd91::5' });
    expect(entered).toEqual({ kind: 'accept', mark: marked ? 0x2080 : 0x80 });
  });

  it('is blocked only by a policy of its own family', async () => {
    const { state, exec } = await hostWithTable();
    const add = (from: string, to: string) => ({
      input: `xfrm policy add src ${from} dst ${to} dir fwd priority 137 action block\n`,
    });
    await exec.run(['ip', '-4', '-batch', '-'], add('0.0.0.0/0', '0.0.0.0/0'));
    expect(fateOf(state, sent)).toMatchObject({ kind: 'leaves' });
    await exec.run(['ip', '-6', '-batch', '-'], add('fd91::/48', '::/0'));
    expect(fateOf(state, sent)).toEqual({ kind: 'stopped', by: 'policy' });
  });
});

describe('conntrack', () => {
  it('deletes flows of one family', async () => {
    const host = createFakeHost({ links, flows: ['10.0.0.1', 'fd89:4::5', 'fd89:5::7'] });
    const run = (...args: readonly string[]) => host.exec.run(['conntrack', ...args]);
    expect(await run('-D', '-f', 'ipv6', '-s', 'fd89:4::/64')).toMatchObject({ exitCode: 0 });
    expect(host.state.flows).toEqual(['10.0.0.1', 'fd89:5::7']);
    expect(await run('-D', '-f', 'ipv6', '-s', 'fd89:4::/64')).toMatchObject({
      exitCode: 1,
      stderr: 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.',
    });
    await run('-D', '-f', 'ipv6', '-s', '::/0');
    expect(host.state.flows).toEqual(['10.0.0.1']);
    await expect(run('-D', '-f', 'ipv4', '-s', 'fd89:4::/64')).rejects.toThrow('does not know');
  });

  it('deletes flows in a list, which must come from a pipe', async () => {
    const host = createFakeHost({ links, flows: ['10.0.0.1', 'fd89:4::5', 'fd89:5::7'] });
    const input = '-D -f ipv4 -s 10.0.0.0/8\n-D -f ipv6 -s fd89:5::/64\n';
    const argv = ['conntrack', '-R', '-'];
    await expect(host.exec.run(['sh', '-c', 'id', 'sh', ...argv], { input })).rejects.toThrow(
      'does not know',
    );
    expect(await host.exec.run(['sh', '-c', 'cat | "$@"', 'sh', ...argv], { input })).toMatchObject({
      exitCode: 0,
    });
    expect(host.state.flows).toEqual(['fd89:4::5']);
  });
});

describe('sysctl', () => {
  const conf = '/proc/sys/net/ipv4/conf';

  it('changes the same settings along with ip_forward as the kernel', async () => {
    const host = createFakeHost({ links, sysctls: { [`${conf}/eth0/forwarding`]: '1' } });
    const read = async (name: string) => (await host.files.read(`/proc/sys/net/ipv4/${name}`))?.trim();
    await host.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
    expect(await read('conf/default/forwarding')).toBe('1');
    expect(await read('conf/all/accept_redirects')).toBe('0');
    expect(await read('conf/br0/accept_redirects')).toBe('1');
    await host.files.overwrite('/proc/sys/net/ipv4/ip_forward', '0\n');
    expect(await read('conf/eth0/forwarding')).toBe('0');
    expect(await read('conf/all/accept_redirects')).toBe('1');
  });

  it('changes the same settings along with IPv6 forwarding as the kernel, and none of IPv4', async () => {
    const conf6 = '/proc/sys/net/ipv6/conf';
    const host = createFakeHost({ links, sysctls: { [`${conf6}/eth0/forwarding`]: '1' } });
    const before = host.dump().split('\n');
    await host.files.overwrite(`${conf6}/all/forwarding`, '1\n');
    const changed = host
      .dump()
      .split('\n')
      .filter((line) => !before.includes(line));
    expect(changed).toEqual(
      ['all', 'br0', 'default', 'gre1', 'lo', 'off0'].map((device) => `${conf6}/${device}/forwarding = 1`),
    );
    await host.files.overwrite(`${conf6}/all/forwarding`, '0\n');
    expect((await host.files.read(`${conf6}/eth0/forwarding`))?.trim()).toBe('0');
  });
});

describe('the fake host', () => {
  it.each([
    [['ip', 'link', 'show'], ''],
    [['iptables', '-S'], ''],
    [['ip', '-j', '-N', '-4', '-batch', '-'], 'rule add preference 1 from all nop\n'],
    [['ip', '-4', '-batch', '-'], 'rule show\n'],
    [['nft', '-V'], ''],
    [['nft', '-f', '-'], 'add table inet other\n'],
    [
      ['nft', '-f', '-'],
      'add table inet mustredirect\nadd chain inet mustredirect a\nadd rule inet mustredirect a udp sport 53 drop\n',
    ],
    [['ip', '-4', '-batch', '-'], 'rule add preference 1 oif eth0 lookup 5\n'],
    [['ip', '-4', '-batch', '-'], 'route add default via 192.168.50.2 dev eth0 onlink\n'],
  ])('refuses unknown commands: %j %s', async (argv, input) => {
    const host = createFakeHost({ links });
    await expect(host.exec.run(argv, { input })).rejects.toThrow('the fake host does not know');
  });

  it('fails on request of a test, and then changes nothing', async () => {
    const host = createFakeHost({ links });
    const before = host.dump();
    host.failWhen(({ what }) => (what.startsWith('nft') ? { kind: 'failed' } : undefined));
    expect(await nft(host, 'add table inet mustredirect')).toBe('injected by the test');
    host.failWhen(({ changes }) => (changes ? { kind: 'failed', afterLine: 1 } : undefined));
    expect(host.dump()).toBe(before);
    expect(
      await ip(host, 'rule add preference 1 from all nop', 'rule add preference 2 from all nop'),
    ).toContain('Command failed -:2');
    expect(host.dump()).toContain('rule 1: nop');
    expect(host.dump()).not.toContain('rule 2: nop');
  });
});
