import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gatherFacts } from '../../src/inspect/gather.ts';
import { createEngines } from '../../src/engines/index.ts';
import type { LiveHost } from '../../src/verify/live-host.ts';
import type { Check, VerifyReport } from '../../src/verify/report.ts';
import type { Target } from '../../src/verify/target.ts';
import { type VerifyInput, verifyHost } from '../../src/verify/verify.ts';
import { waitUntil } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import type { Running } from '../../src/host/ports.ts';
import { type FileOptions, exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { AttachedContainer } from '../../src/state/facts.ts';
import { emptyLedger } from '../../src/state/ledger.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

const names = ['node1', 'gw1'] as const;
type Name = (typeof names)[number];
const internet = [{ address: addresses.internet, port: 80 }];
const ispIsDirect = { direct: [`${addresses.isp}/32`] };

let world: World;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', containersRouted: true });
  await world.containers.createNetwork(network.name, network.subnet);
});
afterAll(() => world.down());

// Every verification must leave the hosts unchanged.
const before = new Map<Name, string>();
beforeEach(async () => {
  for (const name of names) before.set(name, await snapshot(name));
});
afterEach(async () => {
  for (const name of names) assert.equal(await snapshot(name), before.get(name));
});

describe('on a node before apply', () => {
  it('fails, and sees the leak that a capture at the isp sees', async () => {
    const isp = await world.capture('isp', 'eth0', `host ${addresses.internet}`);
    const report = await verify('node1', internet);
    const arrived = (await isp.stop()).filter(({ destination }) => destination === addresses.internet);
    expect(new Set(arrived.map(({ protocol }) => protocol))).toEqual(new Set(['icmp', 'tcp', 'udp']));
    expect(check(report, 'path')).toMatchObject({ ok: false });
    expect(check(report, 'path').evidence).toMatch(
      /^left by eth0 to 192\.168\.50\.1 .*gateway office is 192\.168\.50\.2 on eth0$/,
    );
    expect(check(report, 'source')).toMatchObject({ ok: false });
    expect(check(report, 'elsewhere')).toMatchObject({ ok: false });
    // The target replies, but by the wrong path.
    expect(check(report, 'reach')).toMatchObject({ ok: true });
  });

  it('uses a target without a host by default', async () => {
    const report = await verify('node1', []);
    expect(check(report, 'path')).toMatchObject({ ok: false, target: '192.0.2.1' });
    expect(check(report, 'reach')).toMatchObject({ ok: 'not-checked' });
  });
});

describe('on a redirected node', () => {
  beforeAll(async () => {
    await apply('gw1');
    await apply('node1');
  });
  afterAll(async () => {
    await destroy('node1');
    await destroy('gw1');
  });

  it('sees the gateway, the source, and no packet elsewhere, like captures at gateway and isp', async () => {
    const gateway = await world.capture('gw1', 'eth0', `dst host ${addresses.internet}`);
    const isp = await world.capture('isp', 'eth0', `dst host ${addresses.internet}`);
    const report = await verify('node1', internet);
    const arrived = await gateway.stop();
    expect(new Set(arrived.map(({ source }) => source))).toEqual(new Set(['10.89.4.254']));
    expect(await isp.stop()).toEqual([]);
    expect(verdicts(report)).toMatchObject({ path: true, source: true, elsewhere: true });
    expect(check(report, 'path').evidence).toMatch(
      /^UDP, TCP and ICMP left by eth0 to 192\.168\.50\.2 .*: gateway office$/,
    );
    expect(check(report, 'path').from).toMatch(/on mr0 \(10\.89\.4\.254\)/);
  });

  it('sends from a running container', async () => {
    const { container, running } = await startContainer('web');
    const report = await verify('node1', [], { attached: [container] });
    expect(verdicts(report)).toMatchObject({ path: true, source: true, elsewhere: true });
    expect(check(report, 'path').from).toBe(`container web (${container.addresses?.[0]})`);
    await running.stop();
    await world.containers.remove('web');
  });

  it('avoids an address that is in use', async () => {
    const host = world.hosts.node1;
    const { running } = await startContainer('squatter');
    await host.run(['ip', '-n', 'squatter', 'address', 'add', '10.89.4.254/24', 'dev', 'eth0']);
    // A bridge forwards for a new port with a delay; until then, the address seems free.
    await expect.poll(() => pings('squatter', '10.89.4.1'), { timeout: 5000 }).toBe(true);
    // The host also ignores ARP from other subnets, whatever the machine's settings are.
    const shy = `ip route del default
      for name in rp_filter=1 arp_ignore=2; do echo "\${name#*=}" >"/proc/sys/net/ipv4/conf/eth0/\${name%=*}"; done`;
    await host.run(inNetwork('/run/netns/squatter', ['sh', '-e', '-c', shy]));
    const report = await verify('node1', []);
    expect(check(report, 'path')).toMatchObject({ ok: true });
    expect(check(report, 'path').from).toMatch(/10\.89\.4\.253/);
    await running.stop();
    await world.containers.remove('squatter');
  });

  it("expects the host's own route for a direct destination", async () => {
    const target = [{ address: addresses.isp }];
    const closed = await verify('node1', target, ispIsDirect);
    expect(check(closed, 'path')).toMatchObject({ ok: false });
    await apply('node1', ispIsDirect);
    const report = await verify('node1', target, ispIsDirect);
    await apply('node1');
    expect(verdicts(report)).toMatchObject({ path: true, source: 'not-checked', elsewhere: true });
    expect(check(report, 'path').evidence).toMatch(/to 192\.168\.50\.1 .*direct$/);
  });

  it('reports that it cannot probe while the bridge has no address', async () => {
    const { node1 } = world.hosts;
    await node1.run(['ip', 'link', 'set', 'mr0', 'down']);
    await node1.run(['ip', 'address', 'del', '10.89.4.1/24', 'dev', 'mr0']);
    const { stdout } = await mustredirect(node1, 'verify', '--json');
    const report = JSON.parse(stdout) as VerifyReport;
    await node1.run(['ip', 'address', 'add', '10.89.4.1/24', 'dev', 'mr0']);
    await node1.run(['ip', 'link', 'set', 'mr0', 'up']);
    expect(verdicts(report)).toMatchObject({ path: 'not-checked' });
    expect(check(report, 'path').evidence).toMatch(/^its bridge mr0 is not there, or has no address/);
  });

  it('reports a target that does not reply', async () => {
    const report = await verify('node1', [{ address: '192.0.2.1' }]);
    expect(verdicts(report)).toEqual({ path: true, source: true, elsewhere: true, reach: false });
  });

  it('can run many times in parallel', async () => {
    const monitor = await world.hosts.node1.background.start(['ip', '-o', 'monitor', 'link', 'dev', 'mr0']);
    const reports = await Promise.all([verify('node1', internet), verify('node1', []), verify('node1', [])]);
    const { stdout } = await monitor.stop();
    // Else, packets of the others would leave by every port of the bridge.
    expect(macsWithPorts(stdout).size).toBe(1);
    for (const report of reports) {
      expect(verdicts(report)).toMatchObject({ path: true, source: true, elsewhere: true });
    }
    expect(new Set(reports.map((report) => check(report, 'path').from)).size).toBe(3);
  });

  it('reports missing programs', async () => {
    const host = liveHost('node1');
    const without: LiveHost = {
      ...host,
      background: {
        start: (argv) =>
          host.background.start(argv.map((arg) => (arg === 'tcpdump' ? '/missing/tcpdump' : arg))),
      },
    };
    await expect(verifyHost(without, await inputOf('node1', []))).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'tcpdump: no such program',
    });
  });
});

describe('on a member before apply', () => {
  beforeAll(() => setForwarding('1'));
  afterAll(() => setForwarding('0'));

  it('fails: packets take the default route', async () => {
    const report = await verify('gw1', []);
    expect(verdicts(report)).toMatchObject({ path: false, elsewhere: false });
    expect(check(report, 'elsewhere').evidence).toBe('probe packets: 3 left by eth0');
  });
});

describe('on a member', () => {
  beforeAll(() => apply('gw1'));
  afterAll(async () => {
    await destroy('gw1');
    await setSysctls({ rp_filter: 2, src_valid_mark: 0 });
  });

  const modes = [0, 1, 2].flatMap((rp) => [0, 1].map((mark) => ({ rp_filter: rp, src_valid_mark: mark })));
  it.each(modes)(
    'sees the uplink with rp_filter $rp_filter, src_valid_mark $src_valid_mark',
    async (mode) => {
      await setSysctls(mode);
      const upstream = await world.capture('upstream', 'gw1', `dst host ${addresses.internet}`);
      const report = await verify('gw1', internet);
      const arrived = await upstream.stop();
      expect(new Set(arrived.map(({ source }) => source))).toEqual(new Set([addresses.uplink]));
      expect(verdicts(report)).toEqual({ path: true, source: true, elsewhere: true, reach: true });
    },
  );

  it.each([
    ['none', '10.89.4.0', 'masquerade'],
    ['172.31.0.3', '172.31.0.3', 'none'],
  ])('sees the source of snat: %s', async (snat, source, other) => {
    await apply('gw1', { snat });
    const report = await verify('gw1', [], { snat });
    expect(verdicts(report)).toMatchObject({ path: true, source: true, elsewhere: true });
    expect(check(report, 'source').evidence).toBe(`${source} as it left this host`);
    const wrong = await verify('gw1', [], { snat: other });
    expect(check(wrong, 'source')).toMatchObject({ ok: false });
    await apply('gw1');
  });

  it('reports that forwarding is off', async () => {
    await setForwarding('0');
    const report = await verify('gw1', []);
    expect(check(report, 'path').evidence).toMatch(
      /nothing left this host; net\.ipv4\.conf\.mrv\w+\.forwarding is 0/,
    );
    await setForwarding('1');
    expect(check(await verify('gw1', []), 'path')).toMatchObject({ ok: true });
  });

  it('can run twice in parallel', async () => {
    const reports = await Promise.all([verify('gw1', internet), verify('gw1', internet)]);
    expect(reports.map(verdicts)).toEqual(
      [1, 2].map(() => ({ path: true, source: true, elsewhere: true, reach: true })),
    );
  });
});

describe('in a separate process', () => {
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-verify-'));
    bundle = join(folder, 'verify.mjs');
    const entry = join(import.meta.dirname, 'verify-child.ts');
    await build({
      entryPoints: [entry],
      outfile: bundle,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
    });
    await apply('node1');
  });
  afterAll(async () => {
    await destroy('node1');
    await rm(folder, { recursive: true });
  });

  it('works from a bundle', async () => {
    const argv = [process.execPath, bundle, JSON.stringify(await inputOf('node1', []))];
    const report = JSON.parse(await world.hosts.node1.run(argv)) as VerifyReport;
    expect(verdicts(report)).toMatchObject({ path: true, source: true, elsewhere: true });
  });

  it('leaves nothing behind when it is killed', async () => {
    const { node1 } = world.hosts;
    const processes = async () => (await node1.run(['sh', '-c', 'cat /proc/[0-9]*/comm'])).split('\n').sort();
    const quiet = await processes();
    let joined = 0;
    for (const delay of [150, 300, 450, 600]) {
      const argv = [process.execPath, bundle, JSON.stringify(await inputOf('node1', internet))];
      const child = await node1.background.start(argv);
      await waitUntil(() => child.output().stderr.includes('\n'), 5000);
      await sleep(delay);
      if ((await snapshot('node1')).includes('mrv')) joined++;
      await node1.run(['kill', '-KILL', child.output().stderr.trim()]);
      await child.stop();
      // Its probes have a time limit, and hold the namespace until they end.
      await expect.poll(() => snapshot('node1'), { timeout: 5000 }).toBe(before.get('node1'));
      await expect.poll(processes, { timeout: 5000 }).toEqual(quiet);
    }
    expect(joined).toBeGreaterThan(0);
    // Neighbour entries of killed runs do not make the address seem in use.
    expect(check(await verify('node1', []), 'path').from).toMatch(/10\.89\.4\.254/);
    expect(await node1.run(['ip', 'neigh', 'show', '10.89.4.254'])).toBe('');
  });
});

/** State of a host that a verification could leave changed. */
async function snapshot(name: Name): Promise<string> {
  const reads = [
    'ip -o link | sed "s/state .*//; s/<.*>//"',
    'ip -4 -o address',
    'ip route show table all type unicast | grep -v fe80 | sed "s/ linkdown//"',
    'ip rule',
    'nft --stateless list ruleset',
    'ls /run/netns 2>/dev/null || true',
  ];
  return world.hosts[name].run(['sh', '-c', reads.join('\n')]);
}

async function apply(name: Name, options: FileOptions = {}): Promise<void> {
  const host = world.hosts[name];
  await host.files.replace(filePath, exampleFile('external', options));
  await mustSucceed(host, 'apply', '--yes');
  before.set(name, await snapshot(name));
}

async function destroy(name: Name): Promise<void> {
  await mustSucceed(world.hosts[name], 'destroy', '--yes');
}

async function setForwarding(value: '0' | '1'): Promise<void> {
  await world.hosts.gw1.files.overwrite('/proc/sys/net/ipv4/ip_forward', value);
}

async function setSysctls(values: Readonly<Record<string, number>>): Promise<void> {
  const { gw1 } = world.hosts;
  for (const [key, value] of Object.entries(values)) {
    for (const device of ['all', 'default', 'eth0', 'uplink0']) {
      await gw1.files.overwrite(`/proc/sys/net/ipv4/conf/${device}/${key}`, `${value}`);
    }
  }
}

/** File to verify, which may differ from the applied one, and facts that an engine would return. */
interface Circumstances extends FileOptions {
  readonly attached?: readonly AttachedContainer[];
}

async function verify(
  name: Name,
  targets: readonly Target[],
  circumstances: Circumstances = {},
): Promise<VerifyReport> {
  return verifyHost(liveHost(name), await inputOf(name, targets, circumstances));
}

async function inputOf(
  name: Name,
  targets: readonly Target[],
  { attached = [], ...options }: Circumstances = {},
): Promise<VerifyInput> {
  const parsed = parseSpec(exampleFile('external', options));
  if (parsed.kind !== 'spec') throw new Error('the example is no file of ours');
  const role = hostRole(parsed.spec, name);
  const { facts } = await gatherFacts(liveHost(name), createEngines({}), role, emptyLedger);
  const networks = facts.networks.map((one) => ({ ...one, attached }));
  return { role, facts: { ...facts, networks }, notReady: [], targets };
}

function liveHost(name: Name): LiveHost {
  return { ...world.hosts[name], node: process.execPath };
}

async function pings(container: string, address: string): Promise<boolean> {
  const { exitCode } = await world.containers.run(container, ['ping', '-c', '1', '-W', '1', address]);
  return exitCode === 0;
}

/** Starts a container with a process. */
async function startContainer(
  name: string,
): Promise<{ readonly container: AttachedContainer; readonly running: Running }> {
  const address = await world.containers.start(name, network.name);
  const argv = inNetwork(`/run/netns/${name}`, ['sh', '-c', 'echo $$; exec cat']);
  const running = await world.hosts.node1.background.start(argv);
  await waitUntil(() => running.output().stdout.includes('\n'), 5000);
  const pid = Number(running.output().stdout);
  return { container: { name, running: true, pid, addresses: [address] }, running };
}

/** MAC addresses that a bridge had while it had ports: without one, it is down, or as it was made. */
function macsWithPorts(events: string): Set<string | undefined> {
  const withPorts = events.split('\n').filter((line) => /,LOWER_UP>.* state UP /.test(line));
  return new Set(withPorts.map((line) => /link\/ether (\S+)/.exec(line)?.[1]));
}

function check(report: VerifyReport, name: Check['check']): Check {
  const found = report.checks.find((one) => one.check === name);
  if (!found) throw new Error(`no check ${name} in ${JSON.stringify(report)}`);
  return found;
}

function verdicts(report: VerifyReport): Record<string, Check['ok']> {
  return Object.fromEntries(report.checks.map(({ check: name, ok }) => [name, ok]));
}
