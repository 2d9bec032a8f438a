/** Verification of IPv6 against paths made by hand: its results are compared with captures. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gatherFacts } from '../../src/inspect/gather.ts';
import { createEngines } from '../../src/engines/index.ts';
import type { LiveHost } from '../../src/verify/live-host.ts';
import type { Check, VerifyReport } from '../../src/verify/report.ts';
import type { Target } from '../../src/verify/target.ts';
import { verifyHost } from '../../src/verify/verify.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import type { Spec } from '../../src/spec/spec.ts';
import { emptyLedger } from '../../src/state/ledger.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { redirectByHand } from './by-hand.ts';
import { createTestWorld } from './test-world.ts';

const names = ['node1', 'gw1'] as const;
type Name = (typeof names)[number];
const families = [4, 6] as const;
const { internet, isp, gw1, uplink, upstream } = addressesOf(6);
const spare = '2001:db8:89:4:ffff:ffff:ffff:fffe';
const toInternet = families.map((family) => ({ address: addressesOf(family).internet, port: 80 }));

const spec: Spec = {
  hosts: {
    node1: families.map((family) => addressesOf(family).node1),
    gw1: families.map((family) => addressesOf(family).gw1),
  },
  networks: {
    [network.name]: {
      engine: 'external',
      subnets: { node1: families.map(subnetOf) },
      via: 'office',
      direct: [],
      blocked: [],
    },
  },
  gateways: {
    office: {
      members: [
        {
          host: 'gw1',
          uplink: { device: 'uplink0', via: families.map((family) => addressesOf(family).upstream) },
        },
      ],
      snat: 'masquerade',
    },
  },
};

let world: World;
const before = new Map<Name, string>();

beforeEach(async () => {
  for (const name of names) before.set(name, await snapshot(name));
});
// Every verification must leave the hosts unchanged.
afterEach(async () => {
  for (const name of names) assert.equal(await snapshot(name), before.get(name));
});

describe('without a redirect', () => {
  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families });
    await world.containers.createNetwork(network.name, ...families.map(subnetOf));
  });
  afterAll(() => world.down());

  it('fails for both families, and sees the leak that a capture at the isp sees', async () => {
    const capture = await world.capture('isp', 'eth0', `dst host ${internet}`);
    const report = await verify('node1', toInternet);
    expect(new Set((await capture.stop()).map(({ protocol }) => protocol))).toEqual(
      new Set(['icmp', 'tcp', 'udp']),
    );
    for (const family of families) {
      expect(verdicts(report, family)).toEqual({ path: false, source: false, elsewhere: false, reach: true });
    }
    expect(check(report, 6, 'path').evidence).toMatch(
      /^left by eth0 to .*2001:db8:50::1.*gateway office is 2001:db8:50::2 on eth0$/,
    );
    expect(check(report, 6, 'source').evidence).toContain('2001:db8:50::10 as it left this host');
  });

  it('tells blocked packets from a leak when the file blocks IPv6', async () => {
    const blocking = blocked(spec);
    const open = await verify('node1', [], blocking);
    expect(check(open, 6, 'path')).toMatchObject({ ok: false });
    expect(check(open, 6, 'elsewhere')).toMatchObject({ ok: false });
    const { node1 } = world.hosts;
    await node1.run(['ip', '-6', 'rule', 'add', 'from', network.subnet6, 'prohibit', 'preference', '100']);
    // Also when all targets are of the other family.
    const closed = await verify('node1', toInternet.slice(0, 1), blocking);
    await node1.run(['ip', '-6', 'rule', 'del', 'preference', '100']);
    expect(verdicts(closed, 6)).toEqual({
      path: true,
      source: 'not-checked',
      elsewhere: true,
      reach: 'not-checked',
    });
    expect(check(closed, 6, 'path').evidence).toMatch(
      /^came in by mrv\w+, mr0, and nothing left this host: the file blocks IPv6$/,
    );
  });
});

describe('redirected by hand', () => {
  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external', families });
    await redirectByHand(world);
  });
  afterAll(() => world.down());

  it('sees the gateway, the source, and no packet elsewhere, like captures at gateway and isp', async () => {
    const gateway = await world.capture('gw1', 'eth0', `dst host ${internet}`);
    const wrong = await world.capture('isp', 'eth0', `dst host ${internet}`);
    const report = await verify('node1', toInternet);
    expect(new Set((await gateway.stop()).map(({ source }) => source))).toEqual(new Set([spare]));
    expect(await wrong.stop()).toEqual([]);
    for (const family of families) {
      expect(verdicts(report, family)).toEqual({ path: true, source: true, elsewhere: true, reach: true });
    }
    expect(check(report, 6, 'path').subject).toBe('network mustredirect, IPv6');
    expect(check(report, 6, 'path').evidence).toMatch(
      /^UDP, TCP and ICMP left by eth0 to .*2001:db8:50::2.*: gateway office$/,
    );
    expect(check(report, 6, 'path').from).toBe(`a temporary namespace on mr0 (${spare})`);
  });

  it('uses a target without a host by default', async () => {
    const report = await verify('node1', []);
    expect(verdicts(report, 6)).toEqual({ path: true, source: true, elsewhere: true, reach: 'not-checked' });
    expect(check(report, 6, 'path').target).toBe('2001:db8::1');
  });

  it('reports the family without a target', async () => {
    const report = await verify('node1', toInternet.slice(0, 1));
    expect(verdicts(report, 4)).toMatchObject({ path: true });
    expect(verdicts(report, 6)).toEqual({ path: 'not-checked' });
  });

  it('avoids an address that is in use', async () => {
    const host = world.hosts.node1;
    await world.containers.start('squatter', network.name);
    await host.run(['ip', '-n', 'squatter', 'address', 'add', `${spare}/64`, 'dev', 'eth0', 'nodad']);
    await sleep(100);
    const report = await verify('node1', []);
    expect(verdicts(report, 6)).toMatchObject({ path: true, source: true, elsewhere: true });
    expect(check(report, 6, 'path').from).toMatch(/:fffd\)$/);
    await world.containers.remove('squatter');
  });

  it('reports that it cannot probe while the bridge has no address', async () => {
    const { node1 } = world.hosts;
    await node1.run(['ip', 'address', 'del', '2001:db8:89:4::1/64', 'dev', 'mr0']);
    const report = await verify('node1', toInternet);
    await node1.run(['ip', 'address', 'add', '2001:db8:89:4::1/64', 'dev', 'mr0', 'nodad']);
    expect(verdicts(report, 6)).toEqual({ path: 'not-checked' });
    expect(check(report, 6, 'path').evidence).toMatch(/^its bridge mr0 is not there, or has no address: /);
    expect(verdicts(report, 4)).toMatchObject({ path: true });
  });

  it('sees a leak to another neighbour on the right link', async () => {
    const { node1 } = world.hosts;
    await node1.run(['ip', '-6', 'route', 'replace', 'default', 'via', isp, 'table', '0x888']);
    const report = await verify('node1', []);
    await node1.run(['ip', '-6', 'route', 'replace', 'default', 'via', gw1, 'table', '0x888']);
    expect(verdicts(report, 6)).toMatchObject({ path: false, elsewhere: false });
    expect(verdicts(report, 4)).toMatchObject({ path: true, elsewhere: true });
  });

  it('sees packets at the uplink of the member, like a capture upstream', async () => {
    const capture = await world.capture('upstream', 'gw1', `dst host ${internet}`);
    const report = await verify('gw1', toInternet);
    expect(new Set((await capture.stop()).map(({ source }) => source))).toEqual(new Set([uplink]));
    for (const family of families) {
      expect(verdicts(report, family)).toEqual({ path: true, source: true, elsewhere: true, reach: true });
    }
    expect(check(report, 6, 'path').from).toBe('a temporary namespace (2001:db8:89:4::)');
  });

  it('reports a default route of the member that is not the uplink’s, and forwarding that is off', async () => {
    const { gw1: host } = world.hosts;
    const table = ['ip', '-6', 'route', 'replace', 'default', 'via'];
    await host.run([...table, isp, 'table', '0x888']);
    const leaking = await verify('gw1', []);
    await host.run([...table, upstream, 'dev', 'uplink0', 'table', '0x888']);
    expect(verdicts(leaking, 6)).toMatchObject({ path: false, elsewhere: false });
    await host.files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '0');
    const report = await verify('gw1', []);
    await host.files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1');
    expect(check(report, 6, 'path').evidence).toMatch(
      /nothing left this host; net\.ipv6\.conf\.all\.forwarding is 0/,
    );
  });
});

function blocked(from: Spec): Spec {
  const networks = Object.entries(from.networks).map(([name, one]) => [
    name,
    { ...one, blocked: [6] as const },
  ]);
  return { ...from, networks: Object.fromEntries(networks) as Spec['networks'] };
}

async function verify(name: Name, targets: readonly Target[], of = spec): Promise<VerifyReport> {
  const host: LiveHost = { ...world.hosts[name], node: process.execPath };
  const role = hostRole(of, name);
  const { facts } = await gatherFacts(host, createEngines({}), role, emptyLedger);
  return verifyHost(host, { role, facts, notReady: [], targets });
}

function check(report: VerifyReport, family: number, name: Check['check']): Check {
  const found = report.checks.find((one) => one.family === family && one.check === name);
  if (!found) throw new Error(`no check ${name} of IPv${family} in ${JSON.stringify(report)}`);
  return found;
}

function verdicts(report: VerifyReport, family: number): Record<string, Check['ok']> {
  const ofFamily = report.checks.filter((one) => one.family === family);
  return Object.fromEntries(ofFamily.map(({ check: name, ok }) => [name, ok]));
}

/** State of a host that a verification could leave changed. */
async function snapshot(name: Name): Promise<string> {
  const reads = [
    'ip -o link | sed "s/state .*//; s/<.*>//"',
    'ip -o address show scope global',
    'for f in 4 6; do ip -$f route show table all type unicast | grep -v fe80 | sed "s/ linkdown//"; ip -$f rule; done',
    'nft --stateless list ruleset',
    'ls /run/netns 2>/dev/null || true',
  ];
  return world.hosts[name].run(['sh', '-c', reads.join('\n')]);
}
