/** Server, egress and source of DNS queries: the reply tells which name server answered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, addressesOf, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { containerEngines, createTestWorld } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

/** address in the replies of each name server */
const answers = { isp: '203.0.113.1', gw1: '203.0.113.2', upstream: '203.0.113.3' } as const;
const listens = { isp: addresses.isp, gw1: addresses.gw1, upstream: addresses.internet } as const;

async function startNameServer(host: TestHost, listen: string, answer: string): Promise<void> {
  const argv = [
    'dnsmasq',
    '--no-daemon',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--user=root',
  ];
  const running = await host.background.start(
    endingWithStdin([
      ...argv,
      '--bind-interfaces',
      `--listen-address=${listen}`,
      `--address=/example.test/${answer}`,
    ]),
  );
  if (await waitUntil(() => running.output().stderr.includes('started'), 10_000)) return;
  throw new Error(`dnsmasq on ${host.name}: ${running.output().stderr}`);
}

function withDns(file: string, dns: string): string {
  return file.replace('    via: office\n', `    via: office\n    dns: ${dns}\n`);
}

describe.each(aShareOf(await containerEngines()))('%s', (engine) => {
  let world: World;
  // docker's name server runs inside the container, and forwards queries from there.
  const inside = engine === 'docker';
  let web: string;

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await node1.files.replace('/etc/resolv.conf', `nameserver ${addresses.isp}\n`);
    await Promise.all(
      (['isp', 'gw1', 'upstream'] as const).map((name) =>
        startNameServer(world.hosts[name], listens[name], answers[name]),
      ),
    );
    await gw1.files.replace(filePath, exampleFile(engine));
    await mustSucceed(gw1, 'apply', '--yes');
    await world.containers.createNetwork(network.name, network.subnet);
    web = await world.containers.start('web', network.name);
    await world.containers.start('db', network.name);
  });

  afterAll(async () => {
    await world?.down();
  });

  async function lookUp(name: string): Promise<string> {
    return (await world.containers.run('web', ['nslookup', name])).stdout;
  }

  /** Reply to a query for an external name, and its sources at each name server. */
  async function ask(): Promise<{ answer: string; seen: Record<string, string[]> }> {
    const places = [
      ['isp', 'eth0'],
      ['gw1', 'eth0'],
      ['upstream', 'gw1'],
    ] as const;
    const captures = await Promise.all(
      places.map(([host, device]) => world.capture(host, device, `port 53 and dst host ${listens[host]}`)),
    );
    const said = await lookUp('example.test');
    const packets = await Promise.all(captures.map((capture) => capture.stop()));
    const seen = places.map(([host], i) => [
      host,
      [...new Set((packets[i] ?? []).map(({ source }) => source))],
    ]);
    return {
      answer: /Address:\s+(203\.0\.113\.\d+)\s*$/m.exec(said)?.[1] ?? said,
      seen: Object.fromEntries(seen) as Record<string, string[]>,
    };
  }

  /** Check `names` of verify. */
  async function verified(): Promise<{ ok: boolean | string; evidence: string } | undefined> {
    const { stdout } = await mustredirect(world.hosts.node1, 'verify', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { check: string; ok: boolean; evidence: string }[] };
    return checks.find(({ check }) => check === 'names');
  }

  async function applyWith(dns: string): Promise<string> {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, withDns(exampleFile(engine), dns));
    return mustSucceed(node1, 'apply', '--yes');
  }

  it(`engine: ${inside ? 'it asks the host’s name server, by the gateway' : 'its name server asks from the host, by the host’s own way'}`, async () => {
    expect(await applyWith('engine')).not.toContain('warning:');
    const { answer, seen } = await ask();
    expect(seen).toEqual({ isp: inside ? [] : [addresses.node1], gw1: [], upstream: [] });
    // No server beyond the uplink has this address.
    expect(answer === answers.isp).toBe(!inside);
    expect(await lookUp('db')).toContain('Address: 10.89.4.');
    expect(await verified()).toMatchObject({
      ok: inside ? true : 'not-checked',
      evidence: expect.stringContaining(
        inside
          ? `asked 127.0.0.11, and no answer came; the query left by eth0 to 192.168.50.2`
          : `from ${addresses.node1} to ${addresses.isp}: past gateway office; \`dns:\` in the file changes that`,
      ) as string,
    });
  });

  it('gateway: the container queries the gateway, with its own address', async () => {
    const warned = (await applyWith('gateway')).includes('its containers cannot resolve each other’s names');
    expect(warned).toBe(!inside);
    expect(await ask()).toEqual({ answer: answers.gw1, seen: { isp: [], gw1: [web], upstream: [] } });
    expect((await lookUp('db')).includes('Address: 10.89.4.')).toBe(inside);
  });

  it('an address: the container queries it, through the gateway', async () => {
    await applyWith(addresses.internet);
    const seen = { isp: [], gw1: [], upstream: [addresses.uplink] };
    expect(await ask()).toEqual({ answer: answers.upstream, seen });
    const evidence = expect.stringMatching(
      `which answered; the query left by eth0 to 192.168.50.2 .*, from 10.89.4.[23] to ${addresses.internet}$`,
    ) as string;
    expect(await verified()).toMatchObject({ ok: true, evidence });
  });

  it('verify fails when the rules that redirect queries are deleted', async () => {
    const { node1 } = world.hosts;
    await node1.run(['nft', 'flush', 'chain', 'inet', 'mustredirect', 'resolve']);
    // With docker, queries still leave by the gateway.
    expect(await verified()).toMatchObject({ ok: inside });
    expect(await mustSucceed(node1, 'apply', '--yes')).toContain(`dnat ip to ${addresses.internet}`);
    expect(await verified()).toMatchObject({ ok: true });
  });

  it('has nothing to do in a second run, and leaves DNS to the engine after destroy', async () => {
    const { node1 } = world.hosts;
    expect(await mustSucceed(node1, 'plan')).toContain('nothing to do');
    const found = (await mustredirect(node1, 'doctor')).stdout;
    expect(found).toContain(inside ? 'nothing found' : 'cannot resolve each other’s names');
    await applyWith('engine');
    expect((await ask()).seen['isp']).toEqual(inside ? [] : [addresses.node1]);
  });
});

describe('with both families, over IPv6', () => {
  const families = [4, 6] as const;
  const six = addressesOf(6);
  const file = (dns: string): string => withDns(exampleFile('podman-netavark', { families }), dns);
  let world: World;
  let web: readonly string[];

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'podman-netavark', families });
    const { node1, gw1, isp, upstream } = world.hosts;
    await node1.files.replace('/etc/resolv.conf', `nameserver ${six.isp}\n`);
    await startNameServer(isp, six.isp, answers.isp);
    await startNameServer(gw1, six.gw1, answers.gw1);
    await startNameServer(upstream, six.internet, answers.upstream);
    await gw1.files.replace(filePath, file('engine'));
    await mustSucceed(gw1, 'apply', '--yes');
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    await world.containers.start('web', network.name);
    web = await world.containers.addresses('web', network.name);
  });

  afterAll(async () => {
    await world?.down();
  });

  it.each([
    ['engine', answers.isp, 'isp', 'eth0', six.node1],
    ['gateway', answers.gw1, 'gw1', 'eth0', 'web'],
    [`[${addresses.internet}, ${six.internet}]`, answers.upstream, 'upstream', 'gw1', six.uplink],
  ] as const)('%s: %s answers', async (dns, answer, host, device, source) => {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, file(dns));
    await mustSucceed(node1, 'apply', '--yes');
    const capture = await world.capture(host, device, 'ip6 and udp dst port 53');
    const bridge = network.subnet6.replace('/64', '1');
    const { stdout } = await world.containers.run('web', ['nslookup', 'example.test', bridge]);
    expect(stdout).toContain(`Address: ${answer}`);
    const sources = new Set((await capture.stop()).map((packet) => packet.source));
    expect([...sources]).toEqual([source === 'web' ? web.find((address) => address.includes(':')) : source]);
  });
});
