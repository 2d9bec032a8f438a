/** Networks that leave directly while no member of their gateway works, on the fake host. */
import { describe, expect, it } from 'vitest';
import { directChanges } from '../src/apply/history.ts';
import { createEngines } from '../src/engines/index.ts';
import type { Family } from '../src/address/cidr.ts';
import { diagnose } from '../src/explain/doctor.ts';
import { pathsOf } from '../src/explain/interference/path.ts';
import { hostStatus } from '../src/explain/status.ts';
import type { Outages } from '../src/health/verdict.ts';
import { writeVerdicts } from '../src/host/files/verdict-store.ts';
import { readLedger } from '../src/host/files/ledger-store.ts';
import { type Prepared, type Target, noRole, prepare } from '../src/inspect/prepare.ts';
import { hostRole } from '../src/topology/topology.ts';
import { viasTo } from '../src/verify/verify-network.ts';
import { withVerdicts } from '../src/topology/verdicts.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { decisionOf, fateOf } from './fake-host/packet.ts';
import type { FakeRoute, FakeState } from './fake-host/state.ts';
import { applyTo, ledgerPath, specOf } from './scenario/play.ts';

const path = '/run/mustredirect/host.verdicts';

interface FileOptions {
  /** keys of network web */
  readonly keys?: string;
  readonly members?: readonly string[];
  /** more networks: with nine subnets, a mark steers */
  readonly more?: number;
}

function file({ keys = 'when_down: direct', members = ['gw1', 'gw2'], more = 0 }: FileOptions): string {
  const others = Array.from(
    { length: more },
    (_, i) =>
      `  more${i}: { engine: external, subnets: { node1: [10.90.${2 * i}.0/24, 'fd90:${2 * i}::/64'] }, via: office }`,
  );
  return `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }
    via: office
    ${keys}
  kept: { engine: external, subnets: { node1: [10.89.5.0/24, 'fd89:5::/64'] }, via: office }
${others.join('\n')}
gateways:
  office:
    check: { targets: [1.1.1.1, 9.9.9.9, '2606:4700:4700::1111', '2620:fe::fe'] }
    members: [${members.map((host) => `{ host: ${host}, uplink: { device: eth1 } }`).join(', ')}]
  mail: { members: [{ host: gw2, uplink: { device: eth1 } }] }
`;
}

/** By the isp, and not by a gateway. */
function defaultRoute(family: Family, via: string): FakeRoute {
  const metric = family === 4 ? 0 : 1024;
  return {
    family,
    type: 'unicast',
    table: 254,
    destination: 'default',
    metric,
    via,
    device: 'eth0',
    protocol: 3,
  };
}

function node(options: FileOptions = {}) {
  const links = [
    ['eth0', '192.168.50.10/24', 'fd00:50::10/64'],
    ['br0', '10.89.4.1/24', 'fd89:4::1/64'],
    ['br1', '10.89.5.1/24', 'fd89:5::1/64'],
  ] as const;
  const fake = createFakeHost({
    links: links.map(([name, ...addresses]) => ({ name, up: true, addresses, pointToPoint: false })),
    routes: [defaultRoute(4, '192.168.50.1'), defaultRoute(6, 'fd00:50::1')],
  });
  const spec = specOf(file(options));
  /** @param agent id of the running agent */
  const targetOf = (agent?: string): Target => ({
    host: { ...fake, verdicts: path },
    engines: createEngines({}),
    role: hostRole(spec, 'node1'),
    gateways: spec.gateways,
    runningAgent: () => Promise.resolve(agent),
  });
  const linesOf = ({ plan: { steps } }: Prepared): string[] =>
    steps.flatMap((step) => step.lines.map(({ sign, text }) => `${sign} ${text}`));
  return {
    fake,
    targetOf,
    apply: async (agent?: string): Promise<string[]> => linesOf(await applyTo(targetOf(agent))),
    read: async (agent?: string): Promise<Prepared> =>
      prepare(targetOf(agent), await readLedger(fake.files, ledgerPath)),
    destroy: () => applyTo({ ...targetOf(), ...noRole }),
    judge: (...found: readonly Family[]) => {
      const outage: Outages = Object.fromEntries(found.map((family) => [family, noMember]));
      const gateways = { office: { members: options.members ?? ['gw1', 'gw2'], used: {}, outage } };
      return writeVerdicts(fake.files, path, found.length > 0 ? gateways : {});
    },
  };
}

const noMember = {
  since: '2026-11-29T18:00:00.000Z',
  why: 'no member works: gw1: cut; gw2: cut',
  agent: 'one',
};
const rulesIn = (lines: readonly string[]): string[] => lines.filter((line) => line.includes('rule 4099'));

describe('a network with when_down: direct', () => {
  it('leaves directly in the family of the outage, and the network beside it stays', async () => {
    const { apply, judge, fake } = node();
    await apply('one');
    await judge(4);
    const lines = await apply('one');
    expect(rulesIn(lines)).toEqual(['+ rule 4099: from 10.89.4.0/24 iif br0 goto 4999']);
    expect(fake.dump()).toContain('ct direction original meta mark set meta mark | 0x1000 return');
    expect(lines.join('\n')).not.toMatch(/10\.89\.5|fd89|route/);
    expect(lines).toContain('* conntrack: forget flows from 10.89.4.0/24');
    expect(await apply('one')).toEqual([]);
    await judge();
    expect(rulesIn(await apply('one'))).toEqual(['- rule 4099: from 10.89.4.0/24 iif br0 goto 4999']);
    expect(fake.state.rules.filter(({ preference }) => preference === 4099)).toEqual([]);
  });

  it.each([
    ['another agent has found the outage', 'other'],
    ['no agent runs', undefined],
  ])('stays with its gateway when %s', async (_, agent) => {
    const { apply, judge } = node();
    await apply(agent);
    await judge(4, 6);
    expect(await apply(agent)).toEqual([]);
  });

  it('stays as it is without the agent, in the family that leaves directly', async () => {
    const { apply, judge, fake } = node();
    await apply('one');
    await judge(4);
    await apply('one');
    await judge(4, 6);
    expect(await apply()).toEqual([]);
    expect((await readLedger(fake.files, ledgerPath)).leavesDirectly).toEqual({ web: [4] });
    expect(rulesIn(await apply('one'))).toEqual(['+ IPv6 rule 4099: from fd89:4::/64 iif br0 goto 4999']);
  });

  it('leaves by its gateway after a restart of the machine', async () => {
    const { apply, judge, fake } = node();
    await apply('one');
    await judge(4, 6);
    await apply('one');
    const { sysctls } = fake.state;
    Object.assign(fake.state, { sysctls: new Map([...sysctls, ['/proc/sys/kernel/random/boot_id', 'two']]) });
    expect(rulesIn(await apply())).toHaveLength(2);
    expect((await readLedger(fake.files, ledgerPath)).leavesDirectly).toBeUndefined();
  });

  it('leaves directly also when the link to the gateway is down, and destroy leaves nothing', async () => {
    const { apply, judge, read, destroy, fake } = node();
    await apply('one');
    const links = fake.state.links.map((link) => (link.name === 'eth0' ? { ...link, up: false } : link));
    Object.assign(fake.state, { links });
    await judge(4, 6);
    expect(rulesIn(await apply('one'))).toHaveLength(2);
    const { plan } = await read('one');
    expect(plan.notReady.filter(({ what }) => what === 'network web')).toEqual([]);
    expect(plan.notReady.filter(({ what }) => what === 'network kept')).toHaveLength(2);
    await destroy();
    expect(fake.state.rules.filter(({ protocol }) => String(protocol) === '136')).toEqual([]);
  });

  it('asks no name server on the gateway, and keeps one that the file names', async () => {
    const dns = async (value: string): Promise<string> => {
      const { apply, judge, fake } = node({ keys: `when_down: direct\n    dns: ${value}` });
      await apply('one');
      await judge(4);
      await apply('one');
      return fake.dump();
    };
    const gateway = await dns('gateway');
    expect(gateway).not.toContain('dnat ip to 192.168.50.2');
    expect(gateway).toContain('dnat ip6 to fd00:50::2');
    expect(await dns("[9.9.9.9, '2620:fe::fe']")).toContain('dnat ip to 9.9.9.9');
  });

  it('keeps its routes to other gateways', async () => {
    const routes =
      'when_down: direct\n    routes: [{ to: [198.51.100.0/24], proto: tcp, ports: 25, via: mail }]';
    const { apply, judge, fake } = node({ keys: routes });
    await apply('one');
    await judge(4);
    const lines = await apply('one');
    expect(rulesIn(lines)).toHaveLength(1);
    expect(lines.join('\n')).not.toMatch(/- rule 40[6-9]/);
    expect(fake.dump()).toMatch(/tcp dport 25 return[\s\S]*ct direction original meta mark set/);
  });

  it('may have a gateway with one member', async () => {
    const { apply, judge } = node({ members: ['gw1'] });
    expect(await apply('one')).toContain('+ rule 4020: fwmark 0xff/0x14ff iif lo lookup 4095');
    await judge(4);
    expect(rulesIn(await apply('one'))).toHaveLength(1);
  });

  it('is blocked, and not opened, by apply --closed', async () => {
    const { targetOf, judge, fake } = node();
    await judge(4, 6);
    await applyTo({ ...targetOf('one'), closed: true });
    expect(fake.dump()).not.toContain('ct direction original meta mark');
    expect(fake.state.rules.filter(({ preference }) => preference === 4099)).toEqual([]);
  });
});

describe.each([
  ['rules', 0],
  ['marks', 10],
])('packets of a network that leaves directly, steered by %s', (_, more) => {
  const packets = {
    web: { source: '10.89.4.7', destination: '9.9.9.9', ingress: 'br0' },
    web6: { source: 'fd89:4::7', destination: '2620:fe::1', ingress: 'br0' },
    kept: { source: '10.89.5.7', destination: '9.9.9.9', ingress: 'br1' },
    spoofed: { source: '10.89.4.7', destination: '9.9.9.9', ingress: 'br1' },
    spoofing: { source: '10.89.5.7', destination: '9.9.9.9', ingress: 'br0' },
    inside: { source: '10.89.4.7', destination: '10.89.5.7', ingress: 'br0' },
  } as const;
  const wayOf = (state: FakeState, name: keyof typeof packets): string => {
    const fate = fateOf(state, packets[name]);
    return fate.kind === 'leaves' ? fate.nextHop : fate.kind;
  };
  const directly = async () => {
    const one = node({ more });
    await one.apply('one');
    expect(wayOf(one.fake.state, 'web')).toBe('192.168.50.2');
    await one.judge(4);
    await one.apply('one');
    return one;
  };

  it('go by the isp with the address that the engine gives them, and no others', async () => {
    const { fake, judge, apply } = await directly();
    const { state } = fake;
    expect(state.rules.some(({ fwmark, preference }) => fwmark && preference === 4010)).toBe(more > 0);
    expect(wayOf(state, 'web')).toBe('192.168.50.1');
    expect(decisionOf(state, packets.web)).toEqual({ decision: 'the engine’s', table: 254 });
    expect(wayOf(state, 'web6')).toBe('fd00:50::2');
    expect(wayOf(state, 'kept')).toBe('192.168.50.2');
    expect(decisionOf(state, packets.kept)?.decision).toBe('10.89.5.7');
    expect([wayOf(state, 'spoofed'), wayOf(state, 'spoofing')]).toEqual(['stopped', 'stopped']);
    expect(wayOf(state, 'inside')).toBe('10.89.5.7');
    await judge();
    await apply('one');
    expect(wayOf(fake.state, 'web')).toBe('192.168.50.2');
  });

  it('are blocked without the nft table', async () => {
    const { fake } = await directly();
    Object.assign(fake.state, { nft: createFakeHost({ links: [] }).state.nft });
    expect(fateOf(fake.state, packets.web)).toEqual({ kind: 'stopped', by: 'policy' });
    expect(fateOf(fake.state, packets.kept)).toEqual({ kind: 'stopped', by: 'policy' });
  });
});

describe('a network that leaves directly', () => {
  async function leaving() {
    const one = node();
    await one.apply('one');
    await one.judge(4);
    await one.apply('one');
    const prepared = await one.read('one');
    return { ...one, prepared, target: one.targetOf('one') };
  }

  it('is warned of by plan and doctor; that it may happen, by plan alone', async () => {
    const { prepared } = await leaving();
    const messages = prepared.plan.warnings.map(({ message }) => message);
    expect(messages).toEqual([
      'network web: IPv4 leaves directly, past gateway office, since 2026-11-29T18:00:00.000Z: no member works: gw1: cut; gw2: cut',
      'network web: its packets leave directly, past gateway office, while no member of it works',
    ]);
    expect(diagnose(prepared).map(({ problem }) => problem)).toEqual(messages.slice(0, 1));
  });

  it('is in status, and probed by nobody', async () => {
    const { prepared, target } = await leaving();
    const [web, kept] = hostStatus(prepared).networks;
    expect(web).toMatchObject({
      egress: 'IPv4 directly, fd00:50::2',
      whenDown: 'direct',
      leavesDirectly: [{ family: 4, since: noMember.since, why: noMember.why }],
    });
    expect(kept).not.toHaveProperty('leavesDirectly');
    const { skipped } = pathsOf(target.role, prepared.facts);
    expect(skipped).toContainEqual({
      subject: { subject: 'network web, IPv4', family: 4 },
      reason: `it leaves directly: ${noMember.why}`,
    });
  });

  it('is verified on the way of the host', async () => {
    const { prepared, target } = await leaving();
    const [web] = withVerdicts(target.role, prepared.facts).networks;
    if (!web) throw new Error('no network');
    expect(viasTo(web, { address: '203.0.113.10' })).toEqual(['direct']);
    expect(viasTo(web, { address: '2001:db8::1' })).toEqual(['office']);
  });

  it('is warned of when one target alone would decide, or no agent runs', async () => {
    const { targetOf } = node();
    const one = targetOf();
    const failover = one.role.failover?.map((gateway) => ({ ...gateway, targets: ['1.1.1.1'] })) ?? [];
    const { plan } = await prepare(
      { ...one, role: { ...one.role, failover } },
      { gateways: {}, sysctls: {}, networks: [] },
    );
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('needs the agent, which does not run on this host'),
      expect.stringContaining('has less than two targets of IPv4 and IPv6'),
    ]);
  });

  it('is in the history, with the time and the reason', () => {
    const time = '2026-11-29T18:00:01.000Z';
    const begun = directChanges(time, undefined, { web: { 4: noMember } });
    expect(begun.direct).toEqual([`${time} network web: IPv4 leaves directly: ${noMember.why}`]);
    expect(directChanges(time, { web: [4] }, { web: { 4: noMember } })).toEqual({});
    expect(directChanges(time, { web: [4, 6] }, { web: { 4: noMember } }).direct).toEqual([
      `${time} network web: IPv6 leaves by its gateway again, and not directly`,
    ]);
  });
});
