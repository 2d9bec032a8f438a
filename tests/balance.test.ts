/**
 * Gateways with `mode: balance` or `flows: drain`, on the fake host: which members get new connections, which keep those
 * that they have, and what changes with a verdict.
 */
import { describe, expect, it } from 'vitest';
import { createEngines } from '../src/engines/index.ts';
import type { GatewayVerdict, Verdicts } from '../src/health/verdict.ts';
import { writeVerdicts } from '../src/host/files/verdict-store.ts';
import { readLedger } from '../src/host/files/ledger-store.ts';
import { type Target, noRole, prepare } from '../src/inspect/prepare.ts';
import { objectKey } from '../src/kinds/index.ts';
import { type ReadState, routeChanges } from '../src/plan/route-changes.ts';
import type { Plan } from '../src/plan/step.ts';
import { hostRole } from '../src/topology/topology.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { type Fate, fateOf } from './fake-host/packet.ts';
import { applyTo, ledgerPath, specOf } from './scenario/play.ts';

const path = '/run/mustredirect/host.verdicts';
const hops = { '192.168.50.2': 'gw1', '192.168.50.3': 'gw2', '192.168.50.4': 'gw3' } as const;
const hops6 = { 'fd00:50::2': 'gw1', 'fd00:50::3': 'gw2', 'fd00:50::4': 'gw3' } as const;

interface Given {
  /** of the network */
  readonly keys?: string;
  /** of gateways and networks beside */
  readonly networks?: string;
  readonly gateways?: string;
  readonly weights?: readonly number[];
  /** keys of the gateway */
  readonly mode?: string;
}

function file(given: Given): string {
  const { keys = '', networks = '', gateways = '', mode = 'mode: balance' } = given;
  const { weights = mode.includes('balance') ? [1, 1, 1] : [] } = given;
  const members = Array.from({ length: weights.length || 3 }, (_, i) => {
    const weight = weights[i] === undefined ? '' : `weight: ${weights[i]}, `;
    return `      - { host: gw${i + 1}, ${weight}uplink: { device: eth1 } }`;
  });
  return `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
  gw3: [192.168.50.4, 'fd00:50::4']
  mail: [192.168.50.5, 'fd00:50::5']
networks:
  web:
    engine: external
    subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }
    via: office
${keys}
${networks}
gateways:
  office:
    ${mode}
    members:
${members.join('\n')}
${gateways}
`;
}

function linesOf({ steps }: Plan): string[] {
  return steps.flatMap((step) => step.lines.map(({ sign, text }) => `${sign} ${text}`));
}

const manyNetworks = Array.from(
  { length: 12 },
  (_, i) =>
    `  net${i}: { engine: external, subnets: { node1: [10.90.${2 * i}.0/24, 'fd90:${2 * i}::/64'] }, via: office }\n`,
).join('');

function node(given: Given = {}) {
  const links = [
    ['eth0', '192.168.50.10/24', 'fd00:50::10/64'],
    ['br0', '10.89.4.1/24', 'fd89:4::1/64'],
  ] as const;
  const fake = createFakeHost({
    links: links.map(([name, ...addresses]) => ({ name, up: true, addresses, pointToPoint: false })),
    // The isp, by which nothing may leave.
    routes: [
      {
        destination: 'default',
        table: 254,
        device: 'eth0',
        via: '192.168.50.1',
        type: 'unicast',
        metric: 0,
        protocol: 3,
      },
    ],
  });
  const host = { ...fake, verdicts: path };
  const spec = specOf(file(given));
  const target: Target = {
    host,
    engines: createEngines({}),
    role: hostRole(spec, 'node1'),
    gateways: spec.gateways,
  };
  const read = async () => prepare(target, await readLedger(fake.files, ledgerPath));
  return {
    fake,
    read,
    apply: async (): Promise<string[]> => linesOf((await applyTo(target)).plan),
    changesWith: (verdicts: Verdicts, from: ReadState) => routeChanges(target, from, verdicts),
    destroy: () => applyTo({ host, engines: createEngines({}), ...noRole }),
    judge: (verdicts: Verdicts) => writeVerdicts(fake.files, path, verdicts),
    /** where the first packet of a connection goes */
    fate: (source: string, destination: string, more = {}): Fate =>
      fateOf(fake.state, { source, destination, ingress: 'br0', ...more }),
  };
}

const out = (host: string) => ({ host, since: '2026-11-29T18:00:00.000Z', why: `${host}: cut` });
const away = (hosts: GatewayVerdict['away']): Verdicts => ({
  office: { members: ['gw1', 'gw2', 'gw3'], used: {}, ...(hosts ? { away: hosts } : {}) },
});

/** Members of 300 connections, or what stopped them. */
function membersOf(fate: (source: string, destination: string) => Fate, family: 4 | 6 = 4): string[] {
  return Array.from({ length: 300 }, (_, i) => {
    const found =
      family === 4
        ? fate(`10.89.4.${2 + (i % 50)}`, `203.0.113.${1 + (i % 250)}`)
        : fate(`fd89:4::${2 + (i % 50)}`, `2001:db8:99::${1 + i}`);
    const all: Readonly<Record<string, string>> = { ...hops, ...hops6 };
    return found.kind === 'leaves' ? (all[found.nextHop] ?? found.nextHop) : found.kind;
  });
}

function counted(members: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const member of members) counts[member] = (counts[member] ?? 0) + 1;
  return counts;
}

describe.each([
  ['rules by source', ''],
  ['a mark, with many networks', manyNetworks],
])('connections, steered by %s', (_, networks) => {
  it('are spread over all members, in both families, and go nowhere else', async () => {
    const { apply, fate, fake } = node({ networks });
    await apply();
    const closing = fake.state.rules.filter(({ preference, fwmark }) => preference === 4200 && fwmark?.value);
    expect(closing.length > 0).toBe(networks !== '');
    expect(await apply()).toEqual([]);
    for (const family of [4, 6] as const) {
      const counts = counted(membersOf(fate, family));
      expect(Object.keys(counts).sort()).toEqual(['gw1', 'gw2', 'gw3']);
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(60);
    }
  });

  it('move only from the member that is away, and back', async () => {
    const { apply, fate, judge } = node({ networks });
    await apply();
    const before = membersOf(fate);
    await judge(away({ 4: [out('gw2')] }));
    await apply();
    const after = membersOf(fate);
    expect(new Set(after)).toEqual(new Set(['gw1', 'gw3']));
    expect(after.filter((member, i) => before[i] !== member && before[i] !== 'gw2')).toEqual([]);
    expect(counted(membersOf(fate, 6))).toHaveProperty('gw2');
    await judge({});
    await apply();
    expect(membersOf(fate)).toEqual(before);
  });

  it('to a member itself go to that member', async () => {
    const { apply, fate } = node({ networks });
    await apply();
    for (let i = 2; i < 60; i += 1) {
      expect(fate(`10.89.4.${i}`, '192.168.50.4')).toMatchObject({ nextHop: '192.168.50.4' });
      expect(fate(`fd89:4::${i}`, 'fd00:50::3')).toMatchObject({ nextHop: 'fd00:50::3' });
    }
  });

  it('are stopped where the table of their member has no route, and leave by no other way', async () => {
    const { apply, fate, fake } = node({ networks });
    await apply();
    const before = membersOf(fate);
    const { state } = fake;
    // As the kernel does when the member's link is down.
    state.routes = state.routes.filter((route) => route.via !== '192.168.50.3');
    const after = membersOf(fate);
    expect(after.filter((_member, i) => before[i] === 'gw2').every((member) => member === 'stopped')).toBe(
      true,
    );
    expect(after.filter((_member, i) => before[i] !== 'gw2')).toEqual(before.filter((one) => one !== 'gw2'));
  });
});

describe('a gateway with mode balance', () => {
  it('shares by weight', async () => {
    const { apply, fate } = node({ weights: [4, 1, 1] });
    await apply();
    const { gw1 = 0, gw2 = 0, gw3 = 0 } = counted(membersOf(fate));
    expect(gw1).toBeGreaterThan(2 * gw2);
    expect(gw1).toBeGreaterThan(2 * gw3);
  });

  it('leaves direct destinations, and routes to other gateways, to their own way', async () => {
    const { apply, fate } = node({
      keys: '    direct: [198.51.100.0/24]\n    routes: [{ to: 203.0.113.0/28, via: mail }]\n    dns: gateway',
      gateways: '  mail: { members: [{ host: mail, uplink: { device: eth1 } }] }',
    });
    await apply();
    for (let i = 1; i < 15; i += 1) {
      expect(fate(`10.89.4.${i + 1}`, `203.0.113.${i}`)).toMatchObject({ nextHop: '192.168.50.5' });
      expect(fate(`10.89.4.${i + 1}`, `198.51.100.${i}`)).toMatchObject({ nextHop: '192.168.50.1' });
      expect(fate(`10.89.4.${i + 1}`, '192.168.50.3')).toMatchObject({ nextHop: '192.168.50.3' });
    }
    const rest = counted(membersOf((source, destination) => fate(source, destination.replace('203', '192'))));
    expect(Object.keys(rest).sort()).toEqual(['gw1', 'gw2', 'gw3']);
  });

  it('sends ICMP errors of the node to the member of the connection that they are about', async () => {
    const { apply, fake } = node();
    await apply();
    const { rules = [] } = fake.state.nft?.chains.get('error4_office') ?? {};
    expect(rules.slice(-2)).toEqual(['meta mark set meta mark | 0x80', 'ct mark & 0x7f vmap @kept4_office']);
  });

  it('asks the first member that is in use for names', async () => {
    const { apply, judge } = node({ keys: '    dns: gateway' });
    await apply();
    await judge(away({ 4: [out('gw1')] }));
    expect((await apply()).join('\n')).toContain('ip saddr 10.89.4.0/24 dnat ip to 192.168.50.3');
  });

  it('is an ordinary gateway with one member', async () => {
    const { apply, fake } = node({ weights: [1] });
    await apply();
    expect([...(fake.state.nft?.sets.keys() ?? [])].filter((name) => name.startsWith('slots'))).toEqual([]);
    expect(fake.state.rules.filter(({ preference }) => [4020, 4030].includes(preference))).toEqual([]);
  });

  it('is taken away as a whole', async () => {
    const { apply, destroy, fake } = node();
    const before = JSON.stringify(fake.state.routes);
    await apply();
    await destroy();
    const own = fake.state.rules.filter(({ preference }) => preference >= 4000 && preference < 5000);
    expect([fake.state.nft, own]).toEqual([undefined, []]);
    expect(JSON.stringify(fake.state.routes)).toBe(before);
  });
});

describe('what a verdict changes, from an earlier read', () => {
  const second = away({ 4: [out('gw2')], 6: [out('gw2')] });
  const first = away({ 4: [out('gw1')] });

  it.each([
    ['another member', second, ['~ nft set kept4_office', '~ nft set slots4_office']],
    ['the first member', first, ['~ route in table 2184: default via 192.168.50.3']],
  ])('%s: one transaction, and what a run would do', async (_, verdicts, lines) => {
    const { apply, read, changesWith, judge } = node();
    await apply();
    const state = await read();
    const changes = changesWith(verdicts, state);
    const nft = changes?.plan.steps.filter((step) => step.do.kind === 'nft');
    expect(nft).toHaveLength(1);
    await judge(verdicts);
    const run = await apply();
    expect(linesOf(changes?.plan ?? state.plan)).toEqual(run);
    for (const line of lines) expect(run.some((one) => one.startsWith(line))).toBe(true);
    const found = await read();
    const byKey = (objects: ReadState['actual']) => new Map(objects.map((one) => [objectKey(one), one]));
    const sorted = (objects: ReadState['actual']): string[] =>
      [...byKey(objects)]
        .map(([key, one]) =>
          one.kind === 'nft-set' ? `${key} ${one.elements.toSorted().join(' ')}` : JSON.stringify(one),
        )
        .toSorted();
    expect(sorted(changes?.after.actual ?? [])).toEqual(sorted(found.actual));
    expect(changes?.after.desired).toEqual(found.desired);
  });

  it('is no reason for the next run to forget connections', async () => {
    const { apply, read, changesWith, judge, fake } = node();
    await apply();
    const changes = changesWith(first, await read());
    for (const { do: action } of changes?.plan.steps ?? []) {
      if (action.kind === 'nft') await fake.exec.run(['nft', '-f', '-'], { input: action.text });
    }
    await judge(away({ 4: [out('gw1')], 6: [out('gw3')] }));
    const lines = await apply();
    expect(lines.some((line) => line.startsWith('~ nft set slots6_office'))).toBe(true);
    expect(lines.filter((line) => line.includes('conntrack'))).toEqual([]);
  });
});

describe.each([
  ['rules by source', ''],
  ['a mark, with many networks', manyNetworks],
])('a gateway with flows drain, steered by %s', (_, networks) => {
  const given = { mode: 'flows: drain\n    check: {}', networks };
  const leaves = (used: string, failed: readonly string[] = []): Verdicts => ({
    office: {
      members: ['gw1', 'gw2', 'gw3'],
      used: { 4: out(used), 6: out(used) },
      ...(failed.length > 0 ? { failed: { 4: failed, 6: failed } } : {}),
    },
  });
  /** chains that connections go to: mark -> chain */
  const kept = ({ fake }: ReturnType<typeof node>): Map<string, string> =>
    new Map(
      (fake.state.nft?.sets.get('kept4_office')?.elements ?? []).map((element) => {
        const [mark = '', chain = ''] = element.split(' : goto ');
        return [mark, chain];
      }),
    );
  /** An applied node, and where a verdict sends the connections that each member has. */
  const keeping = async (keys: Given) => {
    const host = node(keys);
    await host.apply();
    const members = [...kept(host)].map(([mark, chain]) => [chain.slice('member4_'.length), mark] as const);
    return async (verdicts: Verdicts) => {
      await host.judge(verdicts);
      await host.apply();
      const now = kept(host);
      const chains = members.map(([member, mark]) => [member, now.get(mark)]);
      return { chains: Object.fromEntries(chains) as unknown, chosen: counted(membersOf(host.fate)) };
    };
  };

  it('gives all new connections to the member in use', async () => {
    const host = node(given);
    await host.apply();
    expect(await host.apply()).toEqual([]);
    for (const family of [4, 6] as const) expect(counted(membersOf(host.fate, family))).toEqual({ gw1: 300 });
    await host.judge(leaves('gw2'));
    await host.apply();
    expect(counted(membersOf(host.fate))).toEqual({ gw2: 300 });
  });

  it('leaves connections with their member until it fails', async () => {
    const judge = await keeping(given);
    expect((await judge(leaves('gw2'))).chains).toEqual({
      gw1: 'member4_gw1',
      gw2: 'member4_gw2',
      gw3: 'member4_gw3',
    });
    expect(await judge(leaves('gw2', ['gw1', 'gw3']))).toEqual({
      chains: { gw1: 'choose4_office', gw2: 'member4_gw2', gw3: 'choose4_office' },
      chosen: { gw2: 300 },
    });
  });

  it('leaves connections with the member in use when all fail', async () => {
    const judge = await keeping(given);
    expect((await judge(leaves('gw1', ['gw1', 'gw2', 'gw3']))).chains).toEqual({
      gw1: 'member4_gw1',
      gw2: 'choose4_office',
      gw3: 'choose4_office',
    });
  });

  it('changes the member by one transaction, and the routes of what no connection is known of', async () => {
    const host = node(given);
    await host.apply();
    const changes = host.changesWith(leaves('gw2', ['gw1']), await host.read());
    expect(changes?.plan.steps.filter((step) => step.do.kind === 'nft')).toHaveLength(1);
    await host.judge(leaves('gw2', ['gw1']));
    expect(linesOf(changes?.plan ?? (await host.read()).plan)).toEqual(await host.apply());
  });

  it('with mode balance, a member that is only drained keeps its connections', async () => {
    const judge = await keeping({ networks, mode: 'flows: drain\n    mode: balance' });
    const members = ['gw1', 'gw2', 'gw3'];
    const verdict = { members, used: {}, away: { 4: [out('gw1'), out('gw2')] }, failed: { 4: ['gw2'] } };
    expect(await judge({ office: verdict })).toEqual({
      chains: { gw1: 'member4_gw1', gw2: 'choose4_office', gw3: 'member4_gw3' },
      chosen: { gw3: 300 },
    });
  });
});
