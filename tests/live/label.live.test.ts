/** Networks that join by their label, with real engines and the agent: nobody runs a command, and nothing leaves elsewhere. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { image } from '../../src/lab/containers/engine-containers.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { observe } from '../../src/lab/observe.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { containerEngines, createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const families: readonly Family[] = [4, 6];
/** milliseconds, on a busy machine */
const patience = 60_000;

function file(unlabelled: 'leave' | 'block'): string {
  const of = (name: 'node1' | 'gw1' | 'upstream') =>
    `[${families.map((family) => addressesOf(family)[name]).join(', ')}]`;
  return `version: 1
hosts: { node1: ${of('node1')}, gw1: ${of('gw1')} }
networks: {}
gateways:
  office: { members: [{ host: gw1, uplink: { device: uplink0, via: ${of('upstream')} } }] }
discover:
  pools: { node1: [10.89.0.0/16, '2001:db8:89::/48'] }
  unlabelled: ${unlabelled}
`;
}

/** Subnets of the network with a number, in the pool. */
const subnetsOf = (number: number): readonly string[] => [
  `10.89.${number}.0/24`,
  `2001:db8:89:${number}::/64`,
];

describe.each(aShareOf(await containerEngines()))('%s', (engine) => {
  let world: World;
  let agent: Running;
  const program = programOf(engine);

  beforeAll(async () => {
    world = await createTestWorld({ engine, families });
    const { node1, gw1 } = world.hosts;
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, file('leave'));
      await mustSucceed(host, 'apply', '--yes');
    }
    agent = await node1.background.start(endingWithStdin([programPath, 'agent']));
    await says('holds ');
  });
  afterAll(async () => {
    await agent?.stop();
    await world?.down();
  });

  async function says(text: string): Promise<void> {
    if (await waitUntil(() => agent.output().stderr.includes(text), patience)) return;
    throw new Error(`expected ${text} in:\n${agent.output().stderr}`);
  }

  const createArgv = (name: string, number: number, label?: string): string[] => [
    program,
    'network',
    'create',
    '--ipv6',
    ...(label === undefined ? [] : ['--label', `mustredirect.via=${label}`]),
    ...subnetsOf(number).flatMap((subnet) => ['--subnet', subnet]),
    name,
  ];

  /** Waits until the rules of the first subnet of a network are there, or gone. */
  async function untilRules(number: number, present: boolean): Promise<void> {
    const [subnet = ''] = subnetsOf(number);
    const isSo = async (): Promise<boolean> =>
      (await world.hosts.node1.run(['ip', 'rule'])).includes(`from ${subnet}`) === present;
    if (!(await waitUntil(isSo, patience))) throw new Error(agent.output().stderr);
  }

  /** Starts a container, and returns what is seen of its packets of both families. */
  async function traffic(name: string, network: string) {
    await world.containers.start(name, network);
    const sender = { name, addresses: await world.containers.addresses(name, network) };
    const seen = [];
    for (const family of families) seen.push(await observe(world, [sender], family));
    return { seen, addresses: sender.addresses };
  }

  async function removeAll(name: string, network: string): Promise<void> {
    await world.containers.remove(name);
    await world.hosts.node1.run([program, 'network', 'rm', network]);
  }

  it('without the label leaves by the isp: the captures see it', async () => {
    await world.hosts.node1.run(createArgv('plain', 3));
    const { seen } = await traffic('p1', 'plain');
    for (const { isp, replies, family } of seen) {
      expect(isp.length, `IPv${family}`).toBeGreaterThan(0);
      expect(replies[0]).toContain('isp saw');
    }
    await removeAll('p1', 'plain');
  });

  it('with the label is redirected without a command, with its own address, and the gateway is not changed', async () => {
    await world.hosts.node1.run(createArgv('app', 4, 'office'));
    await untilRules(4, true);
    const { seen, addresses } = await traffic('a1', 'app');
    for (const { isp, replies, gatewayLan, family } of seen) {
      expect(isp, `IPv${family}`).toEqual([]);
      expect(replies).toEqual([`upstream saw ${addressesOf(family).uplink}`]);
      const sources = new Set(gatewayLan.map(({ source }) => source));
      expect(addresses.filter((one) => sources.has(one))).toHaveLength(1);
    }
    const status = await mustSucceed(world.hosts.node1, 'status', '--check');
    expect(status).toContain('app (by label)');
    await mustSucceed(world.hosts.gw1, 'plan', '--check');
    expect(await mustSucceed(world.hosts.gw1, 'status', '--check')).toContain('pool on node1');
    expect(await mustSucceed(world.hosts.gw1, 'verify')).toContain('10.89.0.0/16 of node1');
    expect(await mustSucceed(world.hosts.node1, 'verify', '--network', 'app')).toContain('app');
  });

  it('is left to the isp again when it is made anew without the label', async () => {
    await removeAll('a1', 'app');
    await untilRules(4, false);
    await world.hosts.node1.run(createArgv('app', 4));
    const { seen } = await traffic('a2', 'app');
    for (const { replies } of seen) expect(replies[0]).toContain('isp saw');
    await removeAll('a2', 'app');
  });

  it('with a label that names no gateway is reported, and `doctor` knows which was meant', async () => {
    await world.hosts.node1.run(createArgv('app', 4, 'ofice'));
    await says('network app');
    const { stdout, exitCode } = await mustredirect(world.hosts.node1, 'doctor');
    expect(stdout).toContain('its label names gateway "ofice", which the file does not have: not redirected');
    expect(stdout).toContain('did you mean "office"?');
    expect(exitCode).toBe(3);
    expect((await mustredirect(world.hosts.node1, 'plan', '--check')).exitCode).toBe(0);
    await world.hosts.node1.run([program, 'network', 'rm', 'app']);
  });

  it('with `unlabelled: block`, nothing of a network leaves elsewhere from its first moment on', async () => {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, file('block'));
    const isClosed = async (): Promise<boolean> =>
      (await node1.run(['ip', 'rule'])).includes('from 10.89.0.0/16');
    expect(await waitUntil(isClosed, patience)).toBe(true);
    for (const [index, family] of families.entries()) {
      const { internet } = addressesOf(family);
      const [isp, uplink] = await Promise.all([
        world.capture('isp', 'eth0', `dst host ${internet}`),
        world.capture('gw1', 'uplink0', `dst host ${internet}`),
      ]);
      const number = 10 + index;
      const run = [program, 'run', '--name', `f${number}`, '--network', `first${number}`, image];
      const ping = ['ping', '-i', '0.02', '-c', '400', '-W', '1', internet];
      await node1.run(createArgv(`first${number}`, number, 'office'));
      const { stdout } = await node1.exec.run([...run, ...ping], { timeout: patience });
      expect(stdout).toContain('packets transmitted');
      expect(await isp.stop(), `IPv${family}`).toEqual([]);
      expect((await uplink.stop()).length).toBeGreaterThan(0);
      await removeAll(`f${number}`, `first${number}`);
    }
  });

  it('with `unlabelled: block`, a network without the label reaches nobody outside, and says so in status', async () => {
    await world.hosts.node1.run(createArgv('plain', 5));
    const { seen } = await traffic('p2', 'plain');
    for (const { isp, gatewayLan, replies } of seen) {
      expect([...isp, ...gatewayLan]).toEqual([]);
      expect(replies).toEqual(['no answer']);
    }
    const status = await mustSucceed(world.hosts.node1, 'status');
    expect(status).toContain('pool 10.89.0.0/16 is closed, but for its redirected networks');
    await removeAll('p2', 'plain');
  });

  it('leaves nothing behind', async () => {
    await agent.stop();
    for (const host of [world.hosts.node1, world.hosts.gw1]) {
      await mustSucceed(host, 'destroy', '--yes');
      expect(await host.run(['ip', 'rule'])).not.toContain('proto 136');
      expect(await host.run(['nft', 'list', 'tables'])).not.toContain('mustredirect');
    }
  });
});
