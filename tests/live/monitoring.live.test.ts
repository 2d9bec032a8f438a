/**
 * The agent's metrics in a real Prometheus, by TCP: all metrics are clean, every query of the dashboard has data, and
 * every alert fires when what it is about is done, and not before.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { families } from '../../src/address/cidr.ts';
import { allMetrics } from '../../src/agent/api/metrics/catalog.ts';
import { wholeInput } from '../../src/agent/api/metrics/fake-input.ts';
import { metricFamilies } from '../../src/agent/api/metrics/families.ts';
import { textOf } from '../../src/agent/api/metrics/metric.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { type Prometheus, ask, startPrometheus } from './monitoring/prometheus.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { type RoutingWorld, createRoutingWorld, fileText, second, waitFor } from './routing/world.ts';

const root = new URL('../../', import.meta.url);
const text = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
const v4 = addressesOf(4);
const targets = families.map((family) => `'${addressesOf(family).internet}'`).join(', ');
const file = fileText(
  '{ protocol: static }',
  `    check: { targets: [${targets}], interval: 200ms, fall: 5, rise: 5 }\n    failback: 1s\n    log: flows\n`,
);
const token = 'a-token-of-the-tests-0123456789';
const tokenPath = '/run/mustredirect-token';
/** Milliseconds, on a busy machine. */
const patience = 120_000;

/** While /run/slow exists, nft takes longer. */
const slowNft = '#!/bin/sh\n[ -e /run/slow ] && sleep 3\nexec /usr/sbin/nft "$@"\n';

const config = `
global: { scrape_interval: 1s, evaluation_interval: 1s }
scrape_configs:
  - job_name: mustredirect
    static_configs: [{ targets: ['127.0.0.1:9479'], labels: { instance: node1 } }]
  - job_name: with-token
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ['${v4.gw1}:9479'], labels: { instance: gw1 } }]
    relabel_configs: [{ target_label: job, replacement: mustredirect }]
`;

/** Probes are lost; packets of containers are not looked at. */
const cut = [
  'add table inet cut',
  'add chain inet cut probes { type filter hook prerouting priority -400; }',
  'add rule inet cut probes icmp type echo-request drop',
  'add rule inet cut probes icmpv6 type echo-request drop',
].join('; ');

let world: RoutingWorld;
let prometheus: Prometheus;
const agents: Partial<Record<string, Running>> = {};
let traffic: Running;

beforeAll(async () => {
  world = await createRoutingWorld();
  const { node1, gw1 } = world.hosts;
  for (const host of [gw1, world.gw2, node1]) {
    await host.files.replace(filePath, file);
    await mustSucceed(host, 'apply', '--yes');
  }
  await node1.run(['mkdir', '-p', '/run/slow-bin']);
  await node1.files.replace('/run/slow-bin/nft', slowNft, 0o755);
  await gw1.files.replace(tokenPath, `${token}\n`, 0o600);
  await startAgent(node1, '--listen', '9479');
  await startAgent(gw1, '--listen', `${v4.gw1}:9479`, '--token-file', tokenPath);
  traffic = await world.hosts.node1.background.start(
    endingWithStdin(['ip', 'netns', 'exec', 'web', 'ping', '-n', '-i', '0.2', v4.internet]),
  );
  // The shipped expressions, without the time that they must hold for.
  const rules = (await text('contrib/prometheus/alerts.yml')).replaceAll(/^( +for:) .*$/gm, '$1 0s');
  prometheus = await startPrometheus(node1, config, rules);
  await waitFor(
    'both agents to be healthy',
    async () => {
      const found = await prometheus.query('mustredirect_healthy == 1 and on (instance) up == 1');
      return found.length === 2;
    },
    patience,
  ).catch(explain);
});
afterAll(async () => {
  await prometheus?.stop();
  await traffic?.stop();
  for (const agent of Object.values(agents)) await agent?.stop();
  await world?.down();
});

async function startAgent(host: TestHost, ...options: readonly string[]): Promise<void> {
  const argv = ['env', 'PATH=/run/slow-bin:/usr/sbin:/usr/bin:/sbin:/bin', process.execPath];
  const start = fileURLToPath(new URL('bin/start.js', root));
  const command = host.name === 'node1' ? [...argv, start] : [programPath];
  agents[host.name] = await host.background.start(endingWithStdin([...command, 'agent', ...options]));
}

async function explain(error: Error): Promise<never> {
  const logs = Object.entries(agents).map(([name, agent]) => `${name}:\n${agent?.output().stderr}`);
  const seen = await ask(world.hosts.node1, 'http://127.0.0.1:9479/healthz');
  throw new Error(
    [error.message, ...logs, JSON.stringify(seen), prometheus?.output().slice(-3000)].join('\n'),
  );
}

const bearer = { authorization: `Bearer ${token}` };
const metricsOfNode = () => ask(world.hosts.node1, 'http://127.0.0.1:9479/metrics');
const metricsOfGateway = () => ask(world.hosts.node1, `http://${v4.gw1}:9479/metrics`, bearer);

async function waitForSeries(expression: string): Promise<void> {
  const holds = async (): Promise<boolean> => (await prometheus.query(expression)).length > 0;
  await waitFor(expression, holds, patience).catch(explain);
}

/** @returns the alerts that fire when all of these do */
async function untilFiring(...alerts: readonly string[]): Promise<readonly string[]> {
  let firing: readonly string[] = [];
  const holds = async (): Promise<boolean> => {
    firing = await prometheus.firing();
    return alerts.every((alert) => firing.includes(alert));
  };
  await waitFor(`alerts ${alerts.join(' ')}`, holds, patience).catch(explain);
  for (const alert of alerts) fired.add(alert);
  return firing;
}

const fired = new Set<string>();

describe('the agent by HTTP', () => {
  it('has metrics that promtool finds nothing wrong with', async () => {
    const answers = [await metricsOfNode(), await metricsOfGateway()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const madeUp = [...textOf(metricFamilies(wholeInput))].join('');
    for (const metrics of [...answers.map(({ body }) => body), madeUp]) {
      const checked = promisify(execFile)('promtool', ['check', 'metrics']);
      checked.child.stdin?.end(metrics);
      expect(await checked).toEqual({ stdout: '', stderr: '' });
    }
  });

  it('has the metrics of the guide, and no other', async () => {
    await waitForSeries('mustredirect_nat_entries');
    const both = `${(await metricsOfNode()).body}\n${(await metricsOfGateway()).body}`;
    const names = new Set(Array.from(both.matchAll(/^# TYPE (\S+) /gm), ([, name = '']) => name));
    const known = allMetrics.map(({ name }) => name);
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
    // Only `mode: balance` and `when_down: direct` have these, and only a gateway that has changed its member.
    const others = [
      'mustredirect_member_share_ratio',
      'mustredirect_network_direct',
      'mustredirect_gateway_last_failover_timestamp_seconds',
    ];
    expect(known.filter((name) => !names.has(name) && !others.includes(name))).toEqual([]);
  });

  it('wants the token where others reach it', async () => {
    const url = `http://${v4.gw1}:9479/status`;
    const { node1 } = world.hosts;
    expect((await ask(node1, url)).status).toBe(401);
    expect((await ask(node1, url, { authorization: `Bearer ${token}x` })).status).toBe(401);
    expect((await ask(node1, url, bearer)).status).toBe(200);
  });

  it('does not start without a token where others would reach it, or with one that others can read', async () => {
    const { gw2 } = world;
    const listen = ['agent', '--listen', `${second[4].lan}:9479`];
    expect(await mustredirect(gw2, ...listen)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('is not loopback') as string,
    });
    await gw2.files.replace(tokenPath, `${token}\n`, 0o644);
    expect(await mustredirect(gw2, ...listen, '--token-file', tokenPath)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('it has mode 0644') as string,
    });
    expect(await mustredirect(gw2, 'agent', '--listen', 'localhost:9479')).toMatchObject({ exitCode: 2 });
  });

  it('counts what containers send, on the node and on the member', async () => {
    // Counters are read with the table: on a busy machine, without an event, a minute and more apart.
    const events = `while sleep 5; do nft 'add table inet other; delete table inet other'; done`;
    const changing = await Promise.all(
      [world.hosts.node1, world.hosts.gw1].map((host) =>
        host.background.start(endingWithStdin(['sh', '-c', events])),
      ),
    );
    await waitForSeries('increase(mustredirect_network_sent_bytes_total[1m]) > 0');
    await waitForSeries('sum(increase(mustredirect_gateway_served_packets_total[1m])) > 0');
    await Promise.all(changing.map((one) => one.stop()));
    await waitForSeries(`mustredirect_nat_entries{address="${v4.uplink}", protocol="icmp"} > 0`);
    const { body } = await ask(world.hosts.node1, 'http://127.0.0.1:9479/networks');
    expect(JSON.parse(body)).toMatchObject({ networks: [{ network: network.name, gateway: 'office' }] });
  });
});

it('fires no alert while all is well', async () => {
  await waitForSeries('mustredirect_member_state{state="up"} == 1');
  expect(await prometheus.firing()).toEqual([]);
});

describe('alerts', () => {
  it('are what promtool takes for right, and do what their unit tests say', async () => {
    const run = promisify(execFile);
    const rules = await run('promtool', ['check', 'rules', 'contrib/prometheus/alerts.yml']);
    expect(rules.stdout).toContain('SUCCESS');
    const tests = await run('promtool', ['test', 'rules', 'tests/live/monitoring/alerts.test.yml']);
    expect(tests.stdout).toContain('SUCCESS');
  });

  it('of a file that is rejected', async () => {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, `${file}\nnetwork: {}\n`);
    await untilFiring('MustredirectFileRejected', 'MustredirectNotAsFileSays');
    const { status, body } = await ask(node1, 'http://127.0.0.1:9479/healthz');
    expect([status, body]).toEqual([503, expect.stringContaining('unknown key "network"')]);
    await node1.files.replace(filePath, file);
    await waitForSeries('mustredirect_file_in_force{instance="node1"} == 1 and mustredirect_healthy == 1');
  });

  it('of a slow repair', async () => {
    const { node1 } = world.hosts;
    await node1.run(['touch', '/run/slow']);
    await node1.run(['ip', 'rule', 'delete', 'preference', '4100']);
    await untilFiring('MustredirectRepairSlow');
    await node1.run(['rm', '/run/slow']);
    expect(await prometheus.query('mustredirect_drifts_total{instance="node1"} > 0')).toHaveLength(1);
  });

  it('of packets with a source address of another network', async () => {
    await waitForSeries('mustredirect_network_spoofed_packets_total');
    const spoofed = '10.99.9.9';
    const { containers } = world;
    await containers.run('web', ['ip', 'address', 'add', `${spoofed}/32`, 'dev', 'eth0']);
    await containers.run('web', ['ping', '-c', '5', '-i', '0.2', '-W', '1', '-I', spoofed, v4.internet]);
    expect(await untilFiring('MustredirectGuardDrops')).not.toContain('MustredirectMemberDown');
    await containers.run('web', ['ip', 'address', 'delete', `${spoofed}/32`, 'dev', 'eth0']);
  });

  it('of a member, and then of all', async () => {
    const { gw1 } = world.hosts;
    await gw1.run(['nft', cut]);
    await untilFiring('MustredirectMemberDown', 'MustredirectProbeLoss');
    await waitForSeries('mustredirect_gateway_failovers_total{cause="probes"} > 0');
    expect(await prometheus.firing()).not.toContain('MustredirectAllMembersDown');
    await world.gw2.run(['nft', cut]);
    expect(await untilFiring('MustredirectAllMembersDown')).toContain('MustredirectMemberDown');
    for (const host of [gw1, world.gw2]) await host.run(['nft', 'delete', 'table', 'inet', 'cut']);
    await waitForSeries('sum(mustredirect_member_state{state="up"}) == 4');
  });

  it('of source NAT that runs out of ports', async () => {
    const { gw1 } = world.hosts;
    const lines = Array.from({ length: 53_000 }, (_, index) => {
      const port = 1024 + index;
      const original = `-s 10.89.4.2 -d ${v4.internet} -p udp --sport ${port} --dport 53`;
      const reply = `-r ${v4.internet} -q ${v4.uplink} --reply-port-src 53 --reply-port-dst ${port}`;
      return `-I ${original} ${reply} -t 600`;
    });
    await gw1.run(['sh', '-c', 'cat | conntrack -R -'], { input: `${lines.join('\n')}\n`, timeout: 60_000 });
    expect(await untilFiring('MustredirectNatPortsNearLimit')).not.toContain('MustredirectAgentDown');
    await gw1.run(['conntrack', '-F']);
  });

  it('of a flow log that cannot be written', async () => {
    const { gw1 } = world.hosts;
    await waitForSeries('mustredirect_flow_log_working{instance="gw1", gateway="office"} == 1');
    await gw1.run([
      'mount',
      '-t',
      'tmpfs',
      '-o',
      'ro',
      'readonly',
      '/var/lib/mustredirect/host.flows/office',
    ]);
    expect(await untilFiring('MustredirectFlowLogIncomplete')).not.toContain('MustredirectAgentDown');
    await waitForSeries('mustredirect_flow_log_working{instance="gw1", gateway="office"} == 0');
    await gw1.run(['umount', '/var/lib/mustredirect/host.flows/office']);
  });

  it('of an agent that does not run', async () => {
    await agents['gw1']?.stop();
    expect(await untilFiring('MustredirectAgentDown')).not.toContain('MustredirectFileRejected');
    await startAgent(world.hosts.gw1, '--listen', `${v4.gw1}:9479`, '--token-file', tokenPath);
    await waitForSeries('up{instance="gw1"} == 1');
  });

  it('were all provoked', async () => {
    const { groups } = parse(await text('contrib/prometheus/alerts.yml')) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
    };
    expect([...fired].sort()).toEqual(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).sort());
  });
});

describe('the dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }

  it('has data for every query', async () => {
    const { panels } = JSON.parse(await text('contrib/grafana/mustredirect.json')) as {
      readonly panels: readonly Panel[];
    };
    const expressions = panels.flatMap(({ title, targets: all = [] }) =>
      all.map(({ expr }) => ({
        title,
        expr: expr
          .replaceAll('$__rate_interval', '1m')
          .replaceAll('$job', 'mustredirect')
          .replaceAll('$instance', '.*'),
      })),
    );
    expect(expressions.length).toBeGreaterThan(25);
    const empty: string[] = [];
    for (const { title, expr } of expressions) {
      const found = await prometheus.query(expr);
      if (!found.some(({ value }) => Number.isFinite(Number(value[1])))) empty.push(`${title}: ${expr}`);
    }
    expect(empty).toEqual([]);
  });
});
