/** The agent: what other programs take away comes back by itself, and nothing leaves by another way meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyOf, firstUsable, prefixLength } from '../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type Sender, startFlows, untilRedirected } from './endings-sender.ts';
import { declaredWayIsOpen } from './leak-matrix/declared-way.ts';
import { eachFamily, families } from './leak-matrix/families.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;
let agent: Running;
let flows: Sender;
const bridgeAddress = `${firstUsable(network.subnet6)}/${prefixLength(network.subnet6)}`;
const whole = exampleFile('external', { families });

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', families });
  await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
  await world.containers.start('web', network.name);
  const { gw1, node1 } = world.hosts;
  for (const host of [gw1, node1]) await host.files.replace(filePath, whole);
  await world.hosts.node1.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1\n');
  await world.hosts.node1.files.overwrite('/proc/sys/net/ipv6/conf/all/forwarding', '1\n');
  flows = await startFlows(world, 'web', families);
  agent = await startAgent();
});
afterAll(async () => {
  await flows?.stop();
  await agent?.stop();
  await world?.down();
});

const startAgent = (): Promise<Running> =>
  world.hosts.node1.background.start(endingWithStdin([programPath, 'agent']));

async function says(text: string): Promise<void> {
  if (await waitUntil(() => agent.output().stderr.includes(text), 60_000)) return;
  throw new Error(`expected ${text} in:\n${agent.output().stderr}`);
}

async function records(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const lines = await mustSucceed(world.hosts.node1, 'logs', '--json', ...args);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Waits until the host is as the file says. */
async function untilRepaired(): Promise<void> {
  const asWanted = async (): Promise<boolean> =>
    (await mustredirect(world.hosts.node1, 'plan', '--check')).exitCode === 0;
  if (!(await waitUntil(asWanted, 60_000))) throw new Error(`not repaired:\n${agent.output().stderr}`);
}

const internet = families.map((family) => `dst host ${addressesOf(family).internet}`).join(' or ');

/** Packets of the container at the isp during an action. */
async function seenAtIsp(act: () => Promise<unknown>): Promise<Record<4 | 6, number>> {
  const capture = await world.capture('isp', 'eth0', internet);
  await act();
  await flows.hold();
  const packets = await capture.stop();
  flows.goOn();
  return eachFamily((family) => packets.filter(({ source }) => familyOf(source) === family).length);
}

it('rests before the first apply, while packets leave by the isp', async () => {
  await says('nothing is applied');
  const seen = await seenAtIsp(() => sleep(2000));
  for (const family of families) expect(seen[family]).toBeGreaterThan(10);
});

describe('after apply', () => {
  beforeAll(async () => {
    for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
    await untilRedirected(world);
  });

  it.each([
    ['a rule', 'ip rule delete preference 4100'],
    [
      'all rules of a family',
      'for p in $(ip -6 rule | grep -o "^4[0-9]*"); do ip -6 rule delete preference $p; done',
    ],
    ['routes', 'ip route flush table 2184; ip -6 route flush table 2184'],
    ['the nft table', 'nft delete table inet mustredirect'],
    ['all nft tables, by a reload of nftables', 'nft flush ruleset'],
    ['IPsec policies', 'ip xfrm policy flush'],
    ['forwarding', 'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding'],
    [
      'what a link that was down had',
      // The kernel removes its IPv6 address, which is not ours.
      `ip link set mr0 down; sleep 0.3; ip link set mr0 up; ip address add ${bridgeAddress} dev mr0 nodad`,
    ],
  ])('brings back %s', async (_, fault) => {
    const seen = await seenAtIsp(async () => {
      await world.hosts.node1.run(['sh', '-c', fault]);
      await untilRepaired();
    });
    expect(seen).toEqual({ 4: 0, 6: 0 });
    await untilRedirected(world);
  });

  it('is in status and history', async () => {
    const { node1 } = world.hosts;
    expect(await mustSucceed(node1, 'status')).toMatch(
      /agent: process \d+ since .*, \d+ repairs, the last at /,
    );
    const { entries } = JSON.parse(await mustSucceed(node1, 'history', '--json')) as {
      entries: readonly { user: string; again?: boolean }[];
    };
    expect(entries.at(-1)).toMatchObject({ user: 'agent', again: true });
  });

  it('is in its log, which only root can read', async () => {
    const { node1, gw1 } = world.hosts;
    expect(await mustSucceed(node1, 'logs')).toMatch(
      /^\S+Z info {4}holds node1 to [^]*\nS?[^\n]*repaired in \d+ ms: \+ rule/,
    );
    const repairs = (await records('--level', 'info')).filter(({ kind }) => kind === 'repair');
    expect(repairs.length).toBeGreaterThanOrEqual(5);
    expect(repairs.every(({ took }) => typeof took === 'number' && took > 0)).toBe(true);
    expect(await records('--since', '2100-01-01')).toEqual([]);
    expect(await records('--lines', '1')).toHaveLength(1);
    const modes = 'stat -c %a /var/lib/mustredirect/*.log /var/lib/mustredirect/*.log/*';
    expect(await node1.run(['sh', '-c', modes])).toMatch(/^700(\n600)+$/);
    const { exitCode, stderr } = await mustredirect(gw1, 'logs');
    expect(stderr).toContain('the agent has left no log on this host');
    expect(exitCode).toBe(4);
  });

  it('tells a follower of its log and of its API what it does', async () => {
    const { node1 } = world.hosts;
    const [follower, client] = [
      await node1.background.start(
        endingWithStdin([programPath, 'logs', '--follow', '--json', '--lines', '0']),
      ),
      await node1.background.start(
        endingWithStdin(['sh', '-c', 'curl -sN --unix-socket /run/mustredirect/*.agent http://agent/events']),
      ),
    ];
    expect(await waitUntil(() => client.output().stdout.includes('event: state'), 60_000)).toBe(true);
    await sleep(2000);
    await node1.run(['ip', 'rule', 'delete', 'preference', '4100']);
    await untilRepaired();
    const isTold = (): boolean =>
      [follower.output().stdout, client.output().stdout].every((text) =>
        /"message":"repaired in \d+ ms/.test(text),
      );
    expect(await waitUntil(isTold, 10_000)).toBe(true);
    expect(client.output().stdout).toMatch(
      /event: repair\ndata: {"time":"[^"]+","level":"info","what":"\+ rule/,
    );
    await follower.stop();
    await client.stop();
  });

  it('says which of its programs has ended', async () => {
    const { node1 } = world.hosts;
    await node1.run(['sh', '-c', 'kill $(pgrep --ns $$ --nslist net --exact nft)']);
    await says('nft (tells of nftables) has ended, and is started again');
    await untilRepaired();
    expect(await records('--level', 'warning')).toContainEqual(
      expect.objectContaining({ kind: 'program', program: 'nft', error: 'SIGTERM' }),
    );
  });

  it('keeps what was applied while the file is wrong, and applies it when it is good again', async () => {
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, `${whole}\nnetwork: {}\n`);
    await says('unknown key "network"');
    await node1.run(['ip', 'rule', 'delete', 'preference', '4100']);
    await says('what was applied last stays in force');
    const { stdout, exitCode } = await mustredirect(node1, 'status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      fileProblem: `${filePath}: 1 mistake; what was applied last stays in force, and is shown`,
      agent: { problem: expect.stringContaining('unknown key "network"') as string },
      networks: [{ network: network.name }],
    });
    expect(exitCode).toBe(2);
    await node1.files.replace(filePath, whole.replace('via: office\n', 'via: office\n    ipv6: block\n'));
    await says('the file is good again');
    await untilRepaired();
    expect(await node1.run(['ip', '-6', 'route', 'show', 'table', '2184'])).not.toContain('default via');
    await node1.files.replace(filePath, whole);
    await sleep(1200);
    await untilRepaired();
    // A connection that was blocked waits ever longer before it tries again.
    expect(await declaredWayIsOpen(world.hosts.upstream, ['icmp', 'udp'])).toEqual({ 4: true, 6: true });
  });

  it('is one at a time', async () => {
    const { exitCode, stderr } = await mustredirect(world.hosts.node1, 'agent');
    expect(stderr).toContain('an agent runs here already');
    expect(exitCode).toBe(4);
  });

  it('changes nothing when it is killed, and goes on when it is started again', async () => {
    const { node1 } = world.hosts;
    const seen = await seenAtIsp(async () => {
      agent.write('KILL\n');
      await waitUntil(() => agent.ended(), 5000);
      expect((await mustredirect(node1, 'plan', '--check')).exitCode).toBe(0);
      await node1.run(['ip', 'rule', 'delete', 'preference', '4100']);
      agent = await startAgent();
      await untilRepaired();
    });
    expect(seen).toEqual({ 4: 0, 6: 0 });
  });

  it('ends when it is told to, and leaves its lock to the next one', async () => {
    agent.write('TERM\n');
    expect(await waitUntil(() => agent.ended(), 10_000)).toBe(true);
    agent = await startAgent();
    expect(agent.ended()).toBe(false);
  });

  it('does not bring back what destroy has removed', async () => {
    const { node1 } = world.hosts;
    await mustSucceed(node1, 'destroy', '--yes');
    await says('nothing is applied');
    await sleep(500);
    expect(await node1.run(['nft', 'list', 'tables'])).not.toContain('mustredirect');
  });
});
