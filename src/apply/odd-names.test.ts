/** Foreign objects with odd names, which must not stop blocking, apply or destroy. */
import { describe, expect, it } from 'vitest';
import { openLedger } from './ledger-keeper.ts';
import { applyPlan } from './apply.ts';
import { type Target, noRole, prepare } from '../inspect/prepare.ts';
import { newHost, targetOf } from '../../tests/property/host.ts';
import { here } from '../../tests/property/specs.ts';
import { applyTo, ledgerPath, testRun } from '../../tests/scenario/play.ts';
import type { FakeHost } from '../../tests/fake-host/fake-host.ts';
import { isPlainName } from '../host/ip/odd-names.ts';
import type { Host } from '../host/ports.ts';
import type { Spec } from '../spec/spec.ts';

const spec: Spec = {
  hosts: { here: [here], gw1: ['192.168.50.2'] },
  networks: {
    web: { engine: 'external', subnets: { here: ['10.0.0.0/24'] }, via: 'office', direct: [], blocked: [] },
  },
  gateways: {
    office: { members: [{ host: 'gw1', uplink: { device: 'gre1' } }], snat: 'masquerade' },
  },
};

const names = [
  'a;b',
  'a"b',
  "a'b",
  'a\\b',
  'ü%d',
  '{}',
  '#x',
  '$HOME',
  '*',
  'a`b`',
  'x\u0001y',
  'bad\uFFFD',
  '🦊',
];

/** Output of `ip` with foreign objects that have an odd name. */
function withStrangers(host: FakeHost, name: string): Host {
  const link = { ifindex: 99, ifname: name, flags: ['UP'], link_type: '[1]', addr_info: [] };
  const rule = { priority: 77, src: 'all', iif: name, table: '77' };
  const routes = [
    { dst: '203.0.113.0/24', dev: name, table: '78', flags: [] },
    { dst: 'default', table: '79', nexthops: [{ gateway: '192.0.2.1', dev: name }], flags: [] },
    { dst: '5', table: '80', dev: 'eth0', flags: [] },
    // With a plain name, the row would count as one of our own objects.
    ...(isPlainName(name)
      ? []
      : [{ dst: '198.51.100.0/24', dev: name, protocol: '136', table: '81', flags: [] }]),
  ];
  return {
    files: host.files,
    exec: {
      async run(argv, options) {
        const output = await host.exec.run(argv, options);
        const command = argv.join(' ');
        if (command === 'ip -j -N -d address show') {
          return { ...output, stdout: added(output.stdout, [link]) };
        }
        if (!/^ip -j -N -[46] -batch -$/.test(command)) return output;
        const [rules = '', ways = '', ...rest] = output.stdout.split('\n');
        return { ...output, stdout: [added(rules, [rule]), added(ways, routes), ...rest].join('\n') };
      },
    },
  };
}

/** iproute2 prints a control character unescaped, and an apostrophe with a backslash. */
function added(list: string, rows: readonly object[]): string {
  const text = JSON.stringify([...(JSON.parse(list || '[]') as object[]), ...rows]);
  return text.replaceAll('\\u0001', '\u0001').replaceAll("'", "\\'");
}

async function destroy(target: Target): Promise<void> {
  const keeper = await openLedger(target.host.files, ledgerPath);
  const prepared = await prepare({ ...target, ...noRole }, keeper.ledger);
  await applyPlan(
    { ...target, ...noRole },
    prepared,
    { ...target, keeper, pause: () => Promise.resolve() },
    { ...testRun, onFailure: 'continue' },
  );
}

describe.each(names)('foreign device, rule and routes with the name %s', (name) => {
  it('do not stop apply, blocking and destroy', async () => {
    const host = newHost();
    const target: Target = { ...targetOf(host, spec), host: withStrangers(host, name) };
    const closed = await prepare(
      { ...target, closed: true },
      (await openLedger(host.files, ledgerPath)).ledger,
    );
    expect(closed.plan.steps.length).toBeGreaterThan(0);
    const { facts } = await applyTo(target);
    expect(facts.usedTables).toEqual(expect.arrayContaining([78, 79, 80]));
    expect(host.state.nft).toBeDefined();
    await destroy(target);
    expect(host.state.nft).toBeUndefined();
    expect(host.state.rules.filter(({ protocol }) => protocol === 136)).toEqual([]);
  });
});
