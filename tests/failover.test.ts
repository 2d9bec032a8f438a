/** Gateways with several members, on the fake host: which member a run uses, and what changes with another one. */
import { describe, expect, it } from 'vitest';
import { createEngines } from '../src/engines/index.ts';
import type { UsedMembers, Verdicts } from '../src/health/verdict.ts';
import { writeVerdicts } from '../src/host/files/verdict-store.ts';
import { readLedger } from '../src/host/files/ledger-store.ts';
import { type Target, noRole, prepare } from '../src/inspect/prepare.ts';
import { type ReadState, routeChanges } from '../src/plan/route-changes.ts';
import type { Plan } from '../src/plan/step.ts';
import { hostRole } from '../src/topology/topology.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { applyTo, ledgerPath, specOf } from './scenario/play.ts';

const path = '/run/mustredirect/host.verdicts';

function file(members: readonly string[], dns = ''): string {
  return `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
  gw3: [192.168.50.4, 'fd00:50::4']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }
    via: office
${dns}
gateways:
  office:
    check: {}
    members:
${members.map((host) => `      - { host: ${host}, uplink: { device: eth1 } }`).join('\n')}
`;
}

function linesOf({ steps }: Plan): string[] {
  return steps.flatMap((step) => step.lines.map(({ sign, text }) => `${sign} ${text}`));
}

function node() {
  const links = [
    ['eth0', '192.168.50.10/24', 'fd00:50::10/64'],
    ['br0', '10.89.4.1/24', 'fd89:4::1/64'],
  ] as const;
  const fake = createFakeHost({
    links: links.map(([name, ...addresses]) => ({ name, up: true, addresses, pointToPoint: false })),
  });
  const host = { ...fake, verdicts: path };
  const engines = createEngines({});
  const targetOf = (members: readonly string[], dns: string): Target => {
    const spec = specOf(file(members, dns));
    return { host, engines, role: hostRole(spec, 'node1'), gateways: spec.gateways };
  };
  return {
    fake,
    /** Applies the file, and returns the lines of the plan. */
    apply: async (members: readonly string[] = ['gw1', 'gw2'], dns = ''): Promise<string[]> =>
      linesOf((await applyTo(targetOf(members, dns))).plan),
    /** Reads the host, and works out what a verdict changes. */
    read: async (dns = '') => {
      const target = targetOf(['gw1', 'gw2'], dns);
      const state = await prepare(target, await readLedger(fake.files, ledgerPath));
      return {
        state,
        changesWith: (verdicts: Verdicts, from: ReadState = state) => routeChanges(target, from, verdicts),
      };
    },
    destroy: async (): Promise<void> => {
      await applyTo({ host, engines, ...noRole });
    },
    judge: (verdicts: Verdicts) => writeVerdicts(fake.files, path, verdicts),
  };
}

const at = (host: string) => ({ host, since: '2026-11-29T18:00:00.000Z', why: 'gw1: cut' });
const verdict = (used: UsedMembers, members = ['gw1', 'gw2']): Verdicts => ({ office: { members, used } });

describe('the member that a run uses', () => {
  it('is the first one without a verdict; probes have a path through each', async () => {
    const { apply } = node();
    const lines = await apply();
    expect(lines).toContain('+ route in table 2184: default via 192.168.50.2 dev eth0');
    expect(lines.filter((line) => /409[45]/.test(line))).toEqual([
      '+ route in table 4095: unreachable default',
      '+ route in table 4094: unreachable default',
      '+ IPv6 route in table 4095: unreachable default',
      '+ IPv6 route in table 4094: unreachable default',
      '+ route in table 4095: default via 192.168.50.2 dev eth0',
      '+ route in table 4094: default via 192.168.50.3 dev eth0',
      '+ IPv6 route in table 4095: default via fd00:50::2 dev eth0',
      '+ IPv6 route in table 4094: default via fd00:50::3 dev eth0',
      '+ rule 4020: fwmark 0xff/0x14ff iif lo lookup 4095',
      '+ rule 4020: fwmark 0xfe/0x14ff iif lo lookup 4094',
      '+ IPv6 rule 4020: fwmark 0xff/0x14ff iif lo lookup 4095',
      '+ IPv6 rule 4020: fwmark 0xfe/0x14ff iif lo lookup 4094',
    ]);
    expect(await apply()).toEqual([]);
  });

  it('changes with one route: the guard has let every member pass before', async () => {
    const { apply, judge } = node();
    await apply();
    await judge(verdict({ 4: at('gw2') }));
    expect(await apply()).toEqual([
      '~ route in table 2184: default via 192.168.50.3 dev eth0 (was default via 192.168.50.2 dev eth0)',
    ]);
    expect(await apply()).toEqual([]);
    await judge(verdict({ 4: at('gw1'), 6: at('gw2') }));
    expect(await apply()).toEqual([
      '~ route in table 2184: default via 192.168.50.2 dev eth0 (was default via 192.168.50.3 dev eth0)',
      '~ IPv6 route in table 2184: default via fd00:50::3 dev eth0 (was default via fd00:50::2 dev eth0)',
    ]);
  });

  it.each([
    ['is added', ['gw1', 'gw2', 'gw3']],
    ['is added in front', ['gw3', 'gw1', 'gw2']],
    ['is removed', ['gw2', 'gw3']],
  ])('stays when another one %s: the first may have failed', async (_, members) => {
    const { fake, apply, judge } = node();
    await apply();
    await judge(verdict({ 4: at('gw2'), 6: at('gw2') }));
    await apply();
    await apply(members);
    const found = fake.state.routes.filter(({ table, type }) => table === 2184 && type !== 'unreachable');
    expect(found.map(({ via }) => via)).toEqual(['192.168.50.3', 'fd00:50::3']);
  });

  it.each([
    ['names a host that is no member', verdict({ 4: at('gw9') })],
    ['is about members in another order', verdict({ 4: at('gw2') }, ['gw2', 'gw1'])],
    ['is about another gateway', { home: { members: ['gw1', 'gw2'], used: { 4: at('gw2') } } }],
  ])('is the first one when the verdict %s', async (_, verdicts) => {
    const { apply, judge } = node();
    await judge(verdicts);
    expect(await apply()).toContain('+ route in table 2184: default via 192.168.50.2 dev eth0');
  });

  it('is the first one when the file of the verdicts is damaged', async () => {
    const { apply, fake } = node();
    await fake.files.replace(path, '{"version":1,"gateways":{"office":7}}');
    expect(await apply()).toContain('+ route in table 2184: default via 192.168.50.2 dev eth0');
  });

  it('is asked for names, with dns: gateway', async () => {
    const { apply, judge } = node();
    await apply(['gw1', 'gw2'], '    dns: gateway');
    await judge(verdict({ 4: at('gw2') }));
    const lines = await apply(['gw1', 'gw2'], '    dns: gateway');
    expect(lines.join('\n')).toContain('ip saddr 10.89.4.0/24 dnat ip to 192.168.50.3');
    expect(lines.join('\n')).not.toContain('fd00:50::3');
  });

  it('has no other paths for probes where it is the only one, and destroy takes them away', async () => {
    const { apply, destroy, fake } = node();
    await apply();
    const lines = await apply(['gw1']);
    expect(lines.filter((line) => line.includes('4020'))).toHaveLength(4);
    await apply();
    await destroy();
    expect(fake.state.rules.filter(({ preference }) => preference === 4020)).toEqual([]);
  });
});

describe('routes that a verdict changes, from an earlier read', () => {
  const toSecond = verdict({ 4: at('gw2'), 6: at('gw2') });

  it('are those of a run, which finds nothing to do after them', async () => {
    const { apply, read, judge } = node();
    await apply();
    const { state, changesWith } = await read();
    const changes = changesWith(toSecond);
    await judge(toSecond);
    expect(linesOf(changes?.plan ?? state.plan)).toEqual(await apply());
    const { state: found } = await read();
    expect(changes?.after.actual).toEqual(found.actual);
    expect(changes?.after.desired).toEqual(found.desired);
  });

  it('back and forth: the second change knows of the first', async () => {
    const { apply, read } = node();
    await apply();
    const { state, changesWith } = await read();
    const after = changesWith(toSecond)?.after;
    const back = changesWith(verdict({ 4: at('gw1'), 6: at('gw2') }), after);
    expect(linesOf(back?.plan ?? state.plan)).toEqual([
      '~ route in table 2184: default via 192.168.50.2 dev eth0 (was default via 192.168.50.3 dev eth0)',
    ]);
  });

  it.each([
    ['nothing changes', '', verdict({ 4: at('gw1') })],
    ['name servers change too', '    dns: gateway', toSecond],
  ])('are none when %s', async (_, dns, verdicts) => {
    const { apply, read } = node();
    await apply(['gw1', 'gw2'], dns);
    expect((await read(dns)).changesWith(verdicts)).toBeUndefined();
  });

  it('are none when the host differs from the file in something else', async () => {
    const { apply, read } = node();
    await apply(['gw1', 'gw2'], '    dns: gateway');
    expect((await read()).changesWith(toSecond)).toBeUndefined();
  });
});
