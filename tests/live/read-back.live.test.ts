/** Objects of both families are read back as written, and removed completely. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherFacts, readOwned } from '../../src/inspect/gather.ts';
import { forgetFlows } from '../../src/host/conntrack/forget.ts';
import { createExec } from '../../src/host/process/exec.ts';
import { createFiles } from '../../src/host/files/files.ts';
import { readNftTable } from '../../src/host/nft/read.ts';
import { readForwarding, writeSysctl } from '../../src/host/files/sysctl.ts';
import { endHolders, startHolder } from '../../src/lab/holder.ts';
import { type TestHost, enterHost } from '../../src/lab/test-host.ts';
import { objectText } from '../../src/plan/compare.ts';
import { changeTable, isNftObject } from '../../src/plan/nft-text.ts';
import { emptyLedger } from '../../src/state/ledger.ts';
import { type Change, type HostObject, objectKindOf } from '../../src/kinds/index.ts';
import type { Route } from '../../src/kinds/route/schema.ts';
import type { Rule } from '../../src/kinds/rule/schema.ts';
import type { XfrmPolicy } from '../../src/kinds/xfrm-policy/schema.ts';
import { lastMetric } from '../../src/kinds/ownership.ts';
import { forwardingName, forwardingSysctls } from '../../src/state/settings.ts';

const lab = 'read-back';
const machine = { exec: createExec(), files: createFiles() };
let host: TestHost;

beforeAll(async () => {
  const { pid } = await startHolder(machine.files, { lab, host: 'host', sysctls: ['net/ipv4/ip_forward 0'] });
  host = enterHost(machine.exec, 'host', pid);
  const lines = [
    'link add eth0 type bridge',
    'link set eth0 up',
    'address add 192.168.50.10/24 dev eth0',
    'address add 2001:db8:50::10/64 dev eth0 nodad',
    'route add default via fe80::1 dev eth0 proto ra',
  ];
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
});

afterAll(() => endHolders(machine, lab));

const [subnet4, subnet6] = ['10.89.4.0/24', 'fd89:4::/64'];

const rules: readonly Rule[] = ([4, 6] as const).flatMap((family) => {
  const from = family === 4 ? subnet4 : subnet6;
  const own = { kind: 'rule', family } as const;
  return [
    { ...own, preference: 4999, action: { kind: 'nop' } },
    {
      ...own,
      preference: 4000,
      fwmark: { value: 0x1000, mask: 0x1000 },
      action: { kind: 'goto', preference: 4999 },
    },
    { ...own, preference: 4050, to: from, action: { kind: 'lookup', table: 254, suppress: 23 } },
    { ...own, preference: 4051, to: from, action: { kind: 'unreachable' } },
    { ...own, preference: 4100, from, action: { kind: 'lookup', table: 2184 } },
    { ...own, preference: 4200, from, action: { kind: 'prohibit' } },
  ];
});

const routes: readonly Route[] = ([4, 6] as const).flatMap((family) => {
  const own = { kind: 'route', family, table: 2184, destination: 'default' } as const;
  const via = family === 4 ? '192.168.50.2' : '2001:db8:50::2';
  const metric = family === 4 ? 0 : 1024;
  return [
    { ...own, metric: lastMetric, target: { kind: 'unreachable' } },
    { ...own, metric, target: { kind: 'unicast', via, device: 'eth0' } },
    { ...own, table: 2185, metric, target: { kind: 'unicast', device: 'eth0' } },
    {
      ...own,
      table: 254,
      destination: family === 4 ? subnet4 : subnet6,
      metric: 4000,
      target: { kind: 'unicast', via, device: 'eth0' },
    },
  ];
});

const linkLocal: Route = {
  kind: 'route',
  family: 6,
  table: 2186,
  destination: 'default',
  metric: 1024,
  target: { kind: 'unicast', via: 'fe80::2', device: 'eth0' },
};

const policies: readonly XfrmPolicy[] = [subnet4, subnet6, 'fd89:5::7/128'].flatMap((from) => {
  const own = { kind: 'xfrm-policy', family: from.includes(':') ? 6 : 4, from } as const;
  return [own, { ...own, bit: 0x80 }];
});

const ways: readonly (Rule | Route | XfrmPolicy)[] = [...rules, ...routes, linkLocal, ...policies];

/** Recorded table of the decoder tests, as objects. */
async function recordedTable() {
  const stdout = readFileSync(new URL('../../src/host/nft/fixtures/table-6.json', import.meta.url), 'utf8');
  const { objects } = await readNftTable({ run: async () => ({ exitCode: 0, stdout, stderr: '' }) });
  return objects.filter(isNftObject);
}

function linesOf(verb: 'add' | 'delete', object: HostObject): readonly string[] {
  const change: Change =
    verb === 'add' ? { kind: 'add', to: object, why: '' } : { kind: 'remove', from: object };
  const moves = objectKindOf(object).moves?.(change) ?? [];
  return moves.flatMap((move) => (move.do.kind === 'ip' ? move.do.lines : []));
}

async function tell(verb: 'add' | 'delete', objects: typeof ways): Promise<void> {
  for (const family of [4, 6]) {
    const lines = objects
      .filter((object) => object.family === family)
      .flatMap((o) => linesOf(verb, o))
      .map((line) => `${line}\n`);
    await host.run(['ip', `-${family}`, '-batch', '-'], { input: lines.join('') });
  }
}

function texts(objects: readonly HostObject[]): string[] {
  return objects.map(objectText).sort();
}

describe('the real kernel', () => {
  it('returns rules, routes, policies and our table as written, and none after removal', async () => {
    const table = await recordedTable();
    expect(await readOwned(host)).toEqual([]);
    await tell('add', ways);
    await host.run(['nft', '-f', '-'], { input: changeTable([], table) });
    expect(texts(await readOwned(host))).toEqual(texts([...ways, ...table]));
    await tell('delete', ways);
    await host.run(['nft', '-f', '-'], { input: changeTable(table, []) });
    expect(await readOwned(host)).toEqual([]);
  });

  it('returns foreign objects of both families', async () => {
    const { facts } = await gatherFacts(host, undefined, { networks: [], gateways: [] }, emptyLedger);
    expect(facts).toMatchObject({
      foreignRoutes: [
        { destination: '192.168.50.0/24', device: 'eth0' },
        { destination: '2001:db8:50::/64', device: 'eth0' },
      ],
      // A default route from router advertisements comes and goes: it is not drift.
      defaultHops: [],
      routerAdvertisedDefaults: ['eth0'],
      acceptRa: { eth0: '1' },
      xfrm: true,
    });
    expect(new Set(facts.foreignRules.map(({ family }) => family))).toEqual(new Set([4, 6]));
  });

  it.each([4, 6] as const)(
    'restores its settings of IPv%d after forwarding, and keeps others',
    async (family) => {
      const dump = () =>
        host.run(['sh', '-c', 'sysctl -a 2>/dev/null | grep -E "^net.ipv[46]" | grep -v stat_refresh']);
      await writeSysctl(host.files, `net.ipv${family}.conf.eth0.forwarding`, '1');
      const start = await dump();
      const before = forwardingSysctls(family, await readForwarding(host.files, ['lo', 'eth0']));
      await writeSysctl(host.files, forwardingName[family], '1');
      const others = (text: string) =>
        text.split('\n').filter((line) => !line.startsWith(`net.ipv${family}`));
      const during = await dump();
      expect(during).not.toBe(start);
      expect(others(during)).toEqual(others(start));
      for (const [name, value] of Object.entries(before)) await writeSysctl(host.files, name, value);
      expect(await dump()).toBe(start);
    },
  );

  it.each([
    ['one by one', []],
    ['all at once', Array.from({ length: 20 }, (_, i) => ({ from: `fd99:${i}::/64` }))],
  ])('deletes flows of a subnet of both families, %s', async (_, more) => {
    const sources = ['10.89.4.5', '10.89.5.5', 'fd89:4::5', 'fd89:5::5'];
    const begun = async (): Promise<string[]> => {
      const lists = await Promise.all(
        ['ipv4', 'ipv6'].map((family) => host.exec.run(['conntrack', '-L', '-f', family])),
      );
      const text = lists.map(({ stdout }) => stdout).join('\n');
      return sources.filter((source) => text.includes(` src=${source} dst=`));
    };
    for (const source of sources) {
      const to = source.includes(':') ? '2001:db8::7' : '192.0.2.7';
      const flow = ['-s', source, '-d', to, '-p', 'udp', '--sport', '5000', '--dport', '7', '-t', '100'];
      await host.run(['conntrack', '-I', ...flow, '-u', 'ASSURED']);
    }
    expect(await begun()).toEqual(sources);
    await forgetFlows(host.exec, [
      { from: subnet4 },
      { from: subnet6, to: '2001:db8::/32' },
      { from: 'fd89:5::/64', to: 'fd00::/8' },
      ...more,
    ]);
    expect(await begun()).toEqual(['10.89.5.5', 'fd89:5::5']);
    await forgetFlows(host.exec, [{ from: '::/0' }, { from: '0.0.0.0/0' }]);
    expect(await begun()).toEqual([]);
  });
});
