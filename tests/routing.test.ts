/** Routes between nodes and members by BGP, on the fake host. */
import { describe, expect, it } from 'vitest';
import { createEngines } from '../src/engines/index.ts';
import { noRole } from '../src/inspect/prepare.ts';
import { sessionName } from '../src/desired/bird/names.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { writeDrained } from '../src/host/files/drain-store.ts';
import { hostRole } from '../src/topology/topology.ts';
import { type FakeSetup, createFakeHost } from './fake-host/fake-host.ts';
import { applyTo } from './scenario/play.ts';

const bgp = '{ protocol: bgp, bfd: {} }';

function fileWith(routing: string, more = ''): string {
  return `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  node2: 192.168.50.11
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'], node2: 10.89.5.0/24 }
    via: office
gateways:
  office:
    members:
      - { host: gw1, uplink: { device: eth1, via: [172.31.0.1, 'fe80::1'] } }
      - { host: gw2, uplink: { device: eth1 } }
    snat: [203.0.113.7, '2001:db8::7']
    routing: ${routing}
${more}`;
}

function specOf(routing: string, more?: string) {
  const parsed = parseSpec(fileWith(routing, more));
  if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

function hostNamed(name: 'node1' | 'gw1', setup: Partial<FakeSetup> = {}) {
  const last = name === 'node1' ? 10 : 2;
  const host = createFakeHost({
    links: [
      {
        name: 'eth0',
        up: true,
        addresses: [`192.168.50.${last}/24`, `fd00:50::${last}/64`],
        pointToPoint: false,
      },
      { name: 'eth1', up: true, addresses: ['172.31.0.2/30', '2001:db8:31::2/64'], pointToPoint: false },
    ],
    ...setup,
  });
  const engines = createEngines({});
  return {
    host,
    apply: (routing = bgp, more?: string) => {
      const spec = specOf(routing, more);
      return applyTo({ host, engines, role: hostRole(spec, name), gateways: spec.gateways });
    },
    destroy: () => applyTo({ host, engines, ...noRole }),
    config: () => host.state.files.get('/run/mustredirect/host.bird/bird.conf') ?? '',
  };
}

function linesOf({ plan }: Awaited<ReturnType<typeof applyTo>>): string[] {
  return plan.steps.flatMap((step) => step.lines.map(({ text }) => text));
}

/** Lines of one block. */
function blockOf(config: string, header: string): string[] {
  const [, rest = ''] = config.split(`${header} {\n`);
  return (rest.split('\n}\n')[0] ?? '').split('\n').map((line) => line.trim());
}

describe('the configuration of a node', () => {
  it('announces its own subnets, and takes nothing but a default, from the first member if it can', async () => {
    const { apply, config } = hostNamed('node1');
    await apply();
    const text = config();
    expect(text).toContain('router id 192.168.50.10;');
    expect(text).not.toContain('10.89.5.0/24');
    expect(blockOf(text, 'protocol static subnets_node_office4')).toContain(
      'route 10.89.4.0/24 unreachable;',
    );
    expect(blockOf(text, 'protocol static subnets_node_office6')).toContain('route fd89:4::/64 unreachable;');
    expect(blockOf(text, 'protocol kernel kernel_node_office4')).toEqual([
      'kernel table 2184;',
      'metric 136;',
      'scan time 10;',
      'ipv4 {',
      'table node_office4;',
      'import none;',
      'export where net = 0.0.0.0/0 && source = RTS_BGP;',
      '};',
    ]);
    const first = blockOf(text, 'protocol bgp node_office_gw1_4');
    const second = blockOf(text, 'protocol bgp node_office_gw2_4');
    expect(first).toEqual([
      'description "gateway office: member gw1";',
      'local 192.168.50.10 port 1790 as 4200000136;',
      'neighbor 192.168.50.2 port 1790 as 4200000136;',
      'direct;',
      'strict bind yes;',
      'ttl security yes;',
      'graceful restart off;',
      'long lived graceful restart off;',
      'hold time 9;',
      'keepalive time 3;',
      'connect delay time 1;',
      'connect retry time 5;',
      'error wait time 1, 5;',
      'bfd {',
      'interval 300 ms;',
      'multiplier 3;',
      '};',
      'ipv4 {',
      'table node_office4;',
      'gateway direct;',
      'next hop self;',
      'import keep filtered yes;',
      'receive limit 16 action block;',
      'import filter {',
      'if net != 0.0.0.0/0 then reject;',
      'gw = from;',
      'bgp_local_pref = 102;',
      'if (65535, 0) ~ bgp_community then bgp_local_pref = 2;',
      'accept;',
      '};',
      'export where source = RTS_STATIC;',
      '};',
    ]);
    expect(second).toContain('bgp_local_pref = 101;');
    expect(text).toContain('protocol bgp node_office_gw2_6 {');
  });

  it('does not change when another node is added', async () => {
    const { apply, config } = hostNamed('node1');
    await apply();
    const before = config();
    const { plan } = await apply(bgp.replace('bfd: {}', 'bfd: { interval: 300ms, multiplier: 3 }'));
    expect(plan.steps).toEqual([]);
    expect(config()).toBe(before);
  });
});

describe('the configuration of a member', () => {
  it('announces the default of its uplink, and takes from each node its own subnets', async () => {
    const { apply, config } = hostNamed('gw1');
    await apply();
    const text = config();
    expect(blockOf(text, 'protocol static uplink_member_office4')).toContain(
      'route 0.0.0.0/0 via 172.31.0.1;',
    );
    expect(blockOf(text, 'protocol static uplink_member_office6')).toContain('route ::/0 via fe80::1%eth1;');
    const node1 = blockOf(text, 'protocol bgp member_office_node1_4');
    expect(node1).toContain('import where net ~ [ 10.89.4.0/24 ];');
    expect(node1).toContain('export where net = 0.0.0.0/0;');
    expect(node1).toContain('receive limit 17 action block;');
    expect(blockOf(text, 'protocol bgp member_office_node2_4')).toContain(
      'import where net ~ [ 10.89.5.0/24 ];',
    );
    expect(blockOf(text, 'protocol bgp member_office_node1_6')).toContain(
      'import where net ~ [ fd89:4::/64 ];',
    );
    expect(text).not.toContain('member_office_node2_6');
  });
});

describe('the configuration of a member that is drained on itself', () => {
  const path = '/var/lib/mustredirect/host.drained';
  const drained = [{ host: 'gw1', since: '2026-11-30T12:00:00.000Z', user: 'alice' }];

  /** Lines of the configuration that come with a drain, and those that go. */
  async function changedBy(
    routing: string,
    uplink?: string,
  ): Promise<{ added: string[]; removed: string[] }> {
    const files = new Map([...ospfFiles, ['/etc/mustredirect/bgp.password', 'hunter2\n']]);
    const { host, config } = hostNamed('gw1', { files });
    const text = fileWith(routing).replace("[203.0.113.7, '2001:db8::7']", 'none');
    const spec = parseSpec(
      uplink ? text.replace("via: [172.31.0.1, 'fe80::1']", `routing: ${uplink}`) : text,
    );
    if (spec.kind === 'problems') throw new Error(JSON.stringify(spec.problems));
    const { gateways } = spec.spec;
    const target = { host: { ...host, drained: path }, engines: createEngines({}), gateways };
    const apply = () => applyTo({ ...target, role: hostRole(spec.spec, 'gw1') });
    await apply();
    const before = config().split('\n');
    await writeDrained(host.files, path, drained);
    await apply();
    const after = config().split('\n');
    await writeDrained(host.files, path, []);
    await apply();
    expect(config().split('\n')).toEqual(before);
    const without = (all: readonly string[], known: readonly string[]): string[] =>
      [...new Set(all)]
        .filter((line) => !known.includes(line) && !line.startsWith('define mustredirect'))
        .map((line) => line.trim());
    return { added: without(after, before), removed: without(before, after) };
  }

  it('announces its default to the nodes as the last choice, by BGP', async () => {
    expect(await changedBy(bgp)).toEqual({
      added: [
        'export filter {',
        'if net != 0.0.0.0/0 then reject;',
        'bgp_community.add((65535, 0));',
        'accept;',
        '};',
        'if net != ::/0 then reject;',
      ],
      removed: ['export where net = 0.0.0.0/0;', 'export where net = ::/0;'],
    });
  });

  it('announces it with another metric, by OSPF', async () => {
    expect(await changedBy(ospf)).toEqual({
      added: ['ospf_metric2 = 1000100;'],
      removed: ['ospf_metric2 = 100;'],
    });
  });

  it('announces the networks to its upstream router as the last choice', async () => {
    const uplink = "{ protocol: bgp, as: 65001, neighbor: [172.31.0.1, '2001:db8:31::1'], peer_as: 64496 }";
    const { added, removed } = await changedBy(ospf, uplink);
    expect(added).toEqual(expect.arrayContaining(['bgp_med = 1000100;', 'bgp_community.add((65535, 0));']));
    expect(removed).toContain('bgp_med = 100;');
  });
});

describe.each(['node1', 'gw1'] as const)('a run on %s', (name) => {
  it('starts BIRD above the unreachable route, finds nothing to do again, and destroy leaves nothing', async () => {
    const { host, apply, destroy } = hostNamed(name);
    const before = host.dump();
    const lines = linesOf(await apply());
    const started = lines.findIndex((line) => line.startsWith('routing daemon: BIRD with'));
    expect(started).toBeGreaterThan(lines.indexOf('route in table 2184: unreachable default'));
    expect(lines.filter((line) => line.startsWith('route in table 2184: default'))).toEqual([]);
    expect(host.state.bird).toContain('protocol bgp');
    expect((await apply()).plan.steps).toEqual([]);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('takes routes that BIRD adds for its own, and removes them with it', async () => {
    const { host, apply, destroy } = hostNamed(name);
    const before = host.dump();
    await apply();
    const learned = {
      type: 'unicast',
      table: 2184,
      destination: 'default',
      metric: 136,
      protocol: 12,
    } as const;
    host.state.routes = [...host.state.routes, { ...learned, via: '192.168.50.3', device: 'eth0' }];
    expect((await apply()).plan.steps).toEqual([]);
    // Killed, and its folder removed: only the routes are left.
    host.state.bird = undefined;
    host.state.files = new Map([...host.state.files].filter(([path]) => !path.includes('host.bird')));
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('starts a killed BIRD again, and changes a running one in place', async () => {
    const { host, apply } = hostNamed(name);
    await apply();
    host.state.bird = undefined;
    expect(linesOf(await apply())).toEqual([expect.stringMatching(/^routing daemon: .* \(was stopped\)$/)]);
    const began = host.events.length;
    const lines = linesOf(await apply('{ protocol: bgp }'));
    expect(lines).toEqual([
      expect.stringMatching(/^routing daemon: .* \(changes protocol bfd, protocol bgp \w+/),
    ]);
    const commands = host.events.slice(began).map(({ what }) => what);
    expect(commands.some((what) => what.startsWith('birdc') && what.includes('configure timeout'))).toBe(
      true,
    );
    expect(commands.some((what) => what.startsWith('setsid'))).toBe(false);
  });

  it('confirms a change of BIRD that a killed run has left unconfirmed', async () => {
    const { host, apply } = hostNamed(name);
    await apply();
    host.state.birdUnconfirmed = true;
    expect(linesOf(await apply())).toEqual([expect.stringMatching(/^routing daemon: /)]);
    expect(host.state.birdUnconfirmed).toBe(false);
    expect((await apply()).plan.steps).toEqual([]);
  });

  it('is undone when BIRD does not confirm its change', async () => {
    const { host, apply } = hostNamed(name);
    await apply();
    const before = host.state.files.get('/run/mustredirect/host.bird/bird.conf');
    let seen = 0;
    host.failWhen(({ what }) =>
      what.includes('configure confirm') && seen++ === 0 ? { kind: 'failed' } : undefined,
    );
    await expect(apply('{ protocol: bgp }')).rejects.toThrow(
      /configure confirm: no answer; everything is as it was/,
    );
    expect(host.state.files.get('/run/mustredirect/host.bird/bird.conf')).toBe(before);
    expect(host.state.birdUnconfirmed).toBe(false);
  });

  it('that fails at any request is undone', async () => {
    const { host, apply } = hostNamed(name);
    await apply();
    const before = host.dump();
    const known = host.events.length;
    await apply('{ protocol: bgp, port: 1791 }');
    const requests = host.events.slice(known).filter((event) => event.changes);
    expect(requests.length).toBeGreaterThan(0);
    await apply();
    expect(host.dump()).toBe(before);
    for (let i = 0; i < requests.length; i += 1) {
      let seen = 0;
      host.failWhen((event) => (event.changes && seen++ === i ? { kind: 'failed' } : undefined));
      await apply('{ protocol: bgp, port: 1791 }').catch(() => {});
      host.failWhen();
      await apply();
      expect(host.dump()).toBe(before);
    }
  });

  it('goes back to static routes', async () => {
    const { host, apply, destroy } = hostNamed(name);
    const before = host.dump();
    await apply();
    const lines = linesOf(await apply('{ protocol: static }'));
    expect(lines.filter((line) => line.startsWith('route in table 2184: default via'))).toHaveLength(1);
    expect(host.state.bird).toBeUndefined();
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it.each([
    ['bird is missing', { missing: ['bird', 'birdc'] }, /program bird is not installed/],
    [
      'the TCP port is taken',
      {
        tcpPorts: new Map([[1790, 'LISTEN 0 8 0.0.0.0:1790 0.0.0.0:* users:(("nc",pid=4711,fd=3))']]),
      },
      /tcp 0\.0\.0\.0:1790, which its routing daemon needs, is taken by nc \(process 4711\)/,
    ],
    [
      'the BFD port is taken',
      { udpPorts: new Map([[3784, 'UNCONN 0 0 *:3784 *:* users:(("bfdd",pid=7,fd=3))']]) },
      /udp \*:3784, which its routing daemon needs, is taken by bfdd \(process 7\)/,
    ],
  ])('is closed, and says why, when %s', async (_, setup, message) => {
    const { host, apply } = hostNamed(name, setup);
    const { desired } = await apply();
    expect(desired.notReady.map((one) => one.message).join('\n')).toMatch(message);
    expect(host.state.bird).toBeUndefined();
    expect(host.state.routes.filter(({ table, type }) => table === 2184 && type === 'unicast')).toEqual([]);
  });
});

const ospf = '{ protocol: ospf, password_file: /etc/ospf.password, bfd: { interval: 50ms } }';
const ospfFiles = new Map([['/etc/ospf.password', 'hunter2\n']]);

describe('OSPF between nodes and members', () => {
  it('gives a node nothing but the default of a member, at that member’s own address', async () => {
    const { apply, config, host } = hostNamed('node1', { files: ospfFiles });
    await apply(ospf);
    const text = config();
    expect(blockOf(text, 'protocol ospf v2 ospf_node_office4')).toEqual([
      'description "gateway office: members";',
      'ecmp no;',
      'graceful restart off;',
      'ipv4 {',
      'table node_office4;',
      'import keep filtered yes;',
      'import limit 1 action block;',
      'import filter {',
      'if net != 0.0.0.0/0 then reject;',
      'if ospf_router_id = 192.168.50.2 then { gw = 192.168.50.2; accept; }',
      'if ospf_router_id = 192.168.50.3 then { gw = 192.168.50.3; accept; }',
      'reject;',
      '};',
      'export where source = RTS_STATIC;',
      '};',
      'area 136 {',
      'interface "eth0" {',
      'type broadcast;',
      'hello 1;',
      'dead 4;',
      'priority 0;',
      'ttl security yes;',
      'bfd yes;',
      'authentication cryptographic;',
      'password lan_secret_office {',
      'id 1;',
      'algorithm keyed md5;',
      '};',
      '};',
      '};',
    ]);
    expect(blockOf(text, 'protocol ospf v3 ospf_node_office6')).toContain(
      'if ospf_router_id = 192.168.50.3 then { gw = fd00:50::3; accept; }',
    );
    expect(blockOf(text, 'protocol kernel kernel_node_office4')).toContain(
      'export where net = 0.0.0.0/0 && proto = "ospf_node_office4";',
    );
    expect(blockOf(text, 'protocol bfd')).toEqual([
      'strict bind yes;',
      'accept direct;',
      'interface "eth0" {',
      'interval 50 ms;',
      'multiplier 3;',
      '};',
    ]);
    expect(host.state.files.get('/run/mustredirect/host.bird/lan_secret_office')).toContain('"hunter2"');
  });

  it('gives a member exactly the subnets of each node, and nodes the default of its uplink', async () => {
    const { apply, config } = hostNamed('gw1', { files: ospfFiles });
    await apply(ospf);
    const lines = blockOf(config(), 'protocol ospf v2 ospf_member_office4');
    expect(lines).toEqual(
      expect.arrayContaining([
        'import limit 2 action block;',
        'if ospf_router_id = 192.168.50.10 && net ~ [ 10.89.4.0/24 ] then accept;',
        'if ospf_router_id = 192.168.50.11 && net ~ [ 10.89.5.0/24 ] then accept;',
        'if net != 0.0.0.0/0 || proto != "uplink_member_office4" then reject;',
        'ospf_metric2 = 100;',
        'priority 10;',
      ]),
    );
    expect(blockOf(config(), 'protocol ospf v3 ospf_member_office6')).toEqual(
      expect.arrayContaining([
        'import limit 1 action block;',
        'if ospf_router_id = 192.168.50.10 && net ~ [ fd89:4::/64 ] then accept;',
      ]),
    );
  });

  it.each(['node1', 'gw1'] as const)('on %s is undone, and finds nothing to do again', async (name) => {
    const { host, apply, destroy } = hostNamed(name, { files: ospfFiles });
    const before = host.dump();
    await apply(ospf);
    expect((await apply(ospf)).plan.steps).toEqual([]);
    await apply('{ protocol: ospf, hello: 2s }');
    expect(blockOf(host.state.bird ?? '', 'protocol bfd')).toEqual(['']);
    expect(host.state.files.has('/run/mustredirect/host.bird/lan_secret_office')).toBe(false);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('is closed, and says why, without a device for it', async () => {
    const { apply, host } = hostNamed('node1', {
      files: ospfFiles,
      links: [
        { name: 'eth0', up: true, addresses: ['192.168.50.99/24', 'fd00:50::10/64'], pointToPoint: false },
      ],
    });
    const { desired } = await apply(ospf);
    expect(desired.notReady.map((one) => one.message)).toContain(
      'gateway office: no device of this host has the address 192.168.50.10, which OSPF runs on',
    );
    expect(host.state.bird).toBeUndefined();
  });

  it.each([
    ['{ protocol: ospf, port: 1790 }', 'ospf has no port here'],
    ['{ protocol: bgp, hello: 1s }', 'bgp has no hello here'],
    ['{ protocol: static, dead: 4s }', 'static routes have no dead'],
    ['{ protocol: rip }', 'expected static, bgp or ospf, found the text "rip"'],
  ])('has its own keys: %s', (routing, message) => {
    const parsed = parseSpec(fileWith(routing));
    expect(parsed.kind === 'problems' && parsed.problems[0]?.message).toBe(message);
  });

  it('is spoken by a host for one gateway', () => {
    const more = `  mail:
    members: [{ host: gw2, uplink: { device: eth2 } }]
    routing: { protocol: ospf }
`;
    const text = fileWith('{ protocol: ospf }', more).replace(
      '    via: office\n',
      '    via: office\n    routes: [{ to: 198.51.100.0/24, via: mail }]\n',
    );
    const parsed = parseSpec(text);
    expect(parsed.kind === 'problems' && parsed.problems[0]?.message).toBe(
      'node1 speaks OSPF for gateway office already',
    );
  });
});

describe('two gateways', () => {
  it('do not close each other: one without its password file has no sessions, the other goes on', async () => {
    const mail = (password: string): string => `  mail:
    members: [{ host: gw1, uplink: { device: eth1, routing: { protocol: bgp, as: 65001, neighbor: [172.31.0.1, '2001:db8:31::1'], peer_as: 64496, password_file: ${password} } } }]
    routing: { protocol: bgp, port: 1791 }
`;
    const file = '/etc/mustredirect/mail.password';
    const { host, config } = hostNamed('gw1', { files: new Map([[file, 'hunter2\n']]) });
    const applyWith = async (password: string) => {
      const parsed = parseSpec(
        fileWith(bgp, mail(password)).replace(
          '    via: office\n',
          '    via: office\n    routes: [{ to: 198.51.100.0/24, via: mail }]\n',
        ),
      );
      if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
      const { spec } = parsed;
      return applyTo({
        host,
        engines: createEngines({}),
        role: hostRole(spec, 'gw1'),
        gateways: spec.gateways,
      });
    };
    await applyWith(file);
    expect(config()).toContain('gateway mail: upstream router');
    const { desired } = await applyWith('/etc/mustredirect/none');
    expect(desired.notReady.map(({ message }) => message).join('\n')).toMatch(/gateway mail: password file/);
    expect(config()).not.toContain('gateway mail');
    expect(config()).toContain('gateway office');
    expect(host.state.bird).toBeDefined();
  });

  it('have sessions of their own, whatever their names are', () => {
    const names = [sessionName('node', 'a', 'b_c', 4), sessionName('node', 'a_b', 'c', 4)];
    expect(new Set(names).size).toBe(2);
    expect(sessionName('node', 'office', 'gw1', 4)).toBe('node_office_gw1_4');
  });

  it('need two ports when the same hosts speak for both', () => {
    const more = `  mail:
    members: [{ host: gw1, uplink: { device: eth2 } }]
    routing: { protocol: bgp }
`;
    const text = fileWith(bgp, more).replace(
      '    via: office\n',
      '    via: office\n    routes: [{ to: 198.51.100.0/24, via: mail }]\n',
    );
    const parsed = parseSpec(text);
    expect(parsed.kind === 'problems' && parsed.problems[0]?.message).toBe(
      'gw1 and node1 have a BGP session with port 1790 for gateway office already (line 19)',
    );
    expect(
      parseSpec(text.replace('routing: { protocol: bgp }', 'routing: { protocol: bgp, port: 1791 }')).kind,
    ).toBe('spec');
  });
});

describe('the configuration of a member with an upstream router', () => {
  const passwordFile = '/etc/mustredirect/bgp.password';
  const files = new Map([[passwordFile, 'hunter2\n']]);

  function member(routing: string, snat = 'none', setup: Partial<FakeSetup> = {}) {
    const given = hostNamed('gw1', { files, ...setup });
    const { host } = given;
    const text = fileWith(bgp)
      .replace("via: [172.31.0.1, 'fe80::1']", `routing: ${routing}`)
      .replace("[203.0.113.7, '2001:db8::7']", snat);
    const parsed = parseSpec(text);
    if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
    const { spec } = parsed;
    const target = { host, engines: createEngines({}), role: hostRole(spec, 'gw1'), gateways: spec.gateways };
    return { ...given, applyFile: () => applyTo(target) };
  }

  const uplink = `{ protocol: bgp, as: 65001, neighbor: [172.31.0.1, '2001:db8:31::1'], peer_as: 64496, password_file: ${passwordFile} }`;

  it('by BGP announces the subnets of the nodes, and takes nothing but a default', async () => {
    const { host, applyFile, config, destroy } = member(uplink);
    const before = host.dump();
    await applyFile();
    expect(blockOf(config(), 'protocol bgp uplink_member_office4')).toEqual([
      'description "gateway office: upstream router on eth1";',
      'local 172.31.0.2 port 1790 as 65001;',
      'neighbor 172.31.0.1 port 179 as 64496;',
      'direct;',
      'strict bind yes;',
      'graceful restart off;',
      'long lived graceful restart off;',
      'hold time 9;',
      'keepalive time 3;',
      'connect delay time 1;',
      'connect retry time 5;',
      'error wait time 1, 5;',
      'password secret_office;',
      'ipv4 {',
      'table member_office4;',
      'gateway direct;',
      'next hop self;',
      'import limit 1 action block;',
      'import filter {',
      'if net != 0.0.0.0/0 then reject;',
      'gw = from;',
      'accept;',
      '};',
      'export filter {',
      'if net !~ [ 10.89.4.0/24, 10.89.5.0/24 ] then reject;',
      'bgp_med = 100;',
      'accept;',
      '};',
      '};',
    ]);
    expect(config()).toContain('local 2001:db8:31::2 port 1790 as 65001;');
    expect(host.state.files.get('/run/mustredirect/host.bird/secret_office')).toContain('"hunter2"');
    const others = [...host.state.files].filter(
      ([path]) => path !== passwordFile && !path.endsWith('/secret_office'),
    );
    expect(JSON.stringify(others)).not.toContain('hunter2');
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('announces SNAT addresses by itself, and nothing with masquerade', async () => {
    const own = member(uplink, "[203.0.113.7, '2001:db8::7']");
    await own.applyFile();
    expect(blockOf(own.config(), 'protocol static announced_member_office4')).toContain(
      'route 203.0.113.7/32 unreachable;',
    );
    expect(own.config()).toContain('if net !~ [ 2001:db8::7/128 ] then reject;');
    const masked = member(uplink, 'masquerade');
    await masked.applyFile();
    expect(blockOf(masked.config(), 'protocol bgp uplink_member_office4')).toContain('export none;');
  });

  it('makes nodes clients when the upstream router is in the same AS', async () => {
    const { applyFile, config } = member(uplink.replace('64496', '65001'));
    await applyFile();
    expect(blockOf(config(), 'protocol bgp member_office_node1_4')).toContain('rr client;');
  });

  it('by OSPF, in both versions', async () => {
    const { applyFile, config } = member(
      `{ protocol: ospf, hello: 1s, password_file: ${passwordFile}, bfd: { interval: 50ms } }`,
    );
    await applyFile();
    const four = blockOf(config(), 'protocol ospf v2 uplink_member_office4');
    expect(four).toEqual([
      'description "gateway office: upstream router on eth1";',
      'ipv4 {',
      'table member_office4;',
      'import limit 1 action block;',
      'import where net = 0.0.0.0/0;',
      'export filter {',
      'if net !~ [ 10.89.4.0/24, 10.89.5.0/24 ] then reject;',
      'ospf_metric2 = 100;',
      'accept;',
      '};',
      '};',
      'area 0 {',
      'interface "eth1" {',
      'check link yes;',
      'type broadcast;',
      'hello 1;',
      'dead 4;',
      'cost 10;',
      'bfd yes;',
      'authentication cryptographic;',
      'password secret_office {',
      'id 1;',
      'algorithm keyed md5;',
      '};',
      '};',
      '};',
    ]);
    expect(config()).toContain('protocol ospf v3 uplink_member_office6 {');
    expect(blockOf(config(), 'protocol bfd')).toEqual([
      'strict bind yes;',
      'accept direct;',
      'interface "eth1" {',
      'interval 50 ms;',
      'multiplier 3;',
      '};',
    ]);
  });

  it.each([
    [uplink, ['ip daddr 172.31.0.1 tcp dport 179', 'ip6 daddr 2001:db8:31::1 tcp dport 179']],
    ['{ protocol: ospf, hello: 1s }', ['meta l4proto 89', 'meta l4proto 89']],
  ])('keeps containers from speaking to it with the member’s address: %s', async (routing, packets) => {
    const given = member(routing, 'masquerade');
    await given.applyFile();
    const rules = given.host.state.nft?.chains.get('postrouting')?.rules ?? [];
    const drops = rules.filter((rule) => rule.includes('goto drop'));
    expect(drops.map((rule) => /oifname "eth1" (.*) goto drop[46]$/.exec(rule)?.[1])).toEqual(packets);
    const toOutside = rules.filter((rule) => rule.includes('oifname "eth1"'));
    expect(toOutside.map((rule) => rule.split(' ').at(-1))).toEqual([
      'drop4',
      'masquerade',
      'drop6',
      'masquerade',
    ]);
    expect((await given.applyFile()).plan.steps).toEqual([]);
    // With its own address, a container is no neighbour.
    const none = member(routing);
    await none.applyFile();
    expect(none.host.state.nft?.chains.get('postrouting')?.rules.join('\n')).not.toContain('goto drop');
  });

  it('gets a new password without a change of the file', async () => {
    const { host, applyFile } = member(uplink);
    await applyFile();
    await host.files.replace(passwordFile, 'hunter3\n');
    const lines = linesOf(await applyFile());
    expect(lines).toEqual([
      'routing daemon: BIRD with 9 protocols (new password in /etc/mustredirect/bgp.password)',
    ]);
    expect((await applyFile()).plan.steps).toEqual([]);
  });

  it.each([
    ['is missing', new Map<string, string>(), 'there is no such file'],
    ['holds no password', new Map([[passwordFile, 'a"b\n']]), 'it holds no password'],
  ])('is closed when the password file %s', async (_, given, message) => {
    const { applyFile, host } = member(uplink, 'none', { files: given });
    const { desired } = await applyFile();
    expect(desired.notReady.map((one) => one.message).join('\n')).toContain(message);
    expect(host.state.bird).toBeUndefined();
  });
});

describe('a file with wrong routing', () => {
  const withRouting = (routing: string): string[] => {
    const parsed = parseSpec(fileWith(bgp).replace("via: [172.31.0.1, 'fe80::1']", routing));
    return parsed.kind === 'problems' ? parsed.problems.map(({ message }) => message) : [];
  };

  it.each([
    [
      'routing: { protocol: bgp, as: 1 }',
      ['neighbor is missing, which bgp needs', 'peer_as is missing, which bgp needs'],
    ],
    ['routing: { protocol: ospf, as: 1 }', ['ospf has no as']],
    ['routing: { protocol: rip }', ['expected bgp or ospf, found the text "rip"']],
    [
      'routing: { protocol: bgp, as: 1, peer_as: 2, neighbor: 172.31.0.1 }',
      ['the uplink has no IPv6 neighbor, and web sends IPv6 through it'],
    ],
    ['routing: { protocol: ospf, hello: 10 }', ['expected a time from 1s to 65535s, found the number 10']],
    [
      "via: [172.31.0.1, 'fe80::1'], routing: { protocol: ospf, password_file: secret }",
      ['expected the absolute path of a file with a password, without blanks and quotes'],
    ],
    [
      "routing: { protocol: bgp, as: 1, peer_as: 2, neighbor: [172.31.0.1, 'fe80::1'] }",
      ['fe80::1 is a link-local address'],
    ],
    [
      "routing: { protocol: bgp, as: 1, peer_as: 2, neighbor: [192.168.50.2, '2001:db8:31::1'] }",
      ['192.168.50.2 is the address of gw1 itself'],
    ],
    [
      "routing: { protocol: bgp, as: 1, peer_as: 2, neighbor: [172.31.0.1, 172.31.0.5, '2001:db8:31::1'] }",
      ['the uplink of gw1 has two IPv4 neighbors, 172.31.0.1 and 172.31.0.5'],
    ],
  ])('says what is wrong: %s', (routing, messages) => {
    expect(withRouting(routing)).toEqual(messages);
  });

  it('does not allow keys of BGP for static routes', () => {
    const parsed = parseSpec(fileWith('{ protocol: static, port: 1790 }'));
    expect(parsed.kind === 'problems' && parsed.problems[0]?.message).toBe('static routes have no port');
  });
});
