/** TCP connections of containers when another member takes over: what its source NAT does with those that it does not know. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Family, families } from '../../src/address/cidr.ts';
import { waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { responderPort } from '../../src/lab/responder.ts';
import { mustSucceed } from './program.ts';
import { type RoutingWorld, createRoutingWorld, second, writeFile } from './routing/world.ts';

let world: RoutingWorld;

/** The far side has a firewall that answers no packet of an unknown connection, as is usual. */
const silent =
  'table inet f { chain c { type filter hook output priority 0; tcp flags & rst == rst drop; }; }';

beforeAll(async () => {
  world = await createRoutingWorld();
  await write('');
  for (const host of [world.hosts.gw1, world.gw2, world.hosts.node1]) {
    await mustSucceed(host, 'apply', '--yes');
  }
  await world.hosts.upstream.run(['nft', '-f', '-'], { input: silent });
});
afterAll(() => world?.down());

const write = (keys: string): Promise<void> => writeFile(world, '{ protocol: static }', keys);

/** Sends requests all the time, and prints `open`, and the error that ends the connection. */
const client = `const socket = require('node:net').connect(${responderPort}, process.argv[1]);
socket.on('connect', () => console.log('open'));
socket.on('error', ({ code }) => (console.log(code), process.exit()));
socket.resume();
setInterval(() => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'), 20);`;

async function connection(family: Family): Promise<Running> {
  const argv = [process.execPath, '-e', client, addressesOf(family).internet];
  const running = await world.hosts.node1.background.start(['nsenter', '--net=/run/netns/web', ...argv]);
  await waitUntil(() => running.output().stdout !== '', 30_000);
  expect(running.output().stdout).toBe('open\n');
  return running;
}

/** Changes the member in use, by the same command as the agent. */
async function use(member: 'gw1' | 'gw2'): Promise<void> {
  for (const family of families) {
    const via = member === 'gw1' ? addressesOf(family).gw1 : second[family].lan;
    const route = `default via ${via} dev eth0 table 2184 proto 136`;
    await world.hosts.node1.run(['sh', '-c', `ip -${family} route replace ${route}`]);
  }
}

const said = (all: readonly Running[]): readonly string[] => all.map((one) => one.output().stdout);
const ended = (all: readonly Running[], timeout: number): Promise<boolean> =>
  waitUntil(() => all.every((one) => one.ended()), timeout);

/** Connections that were opened through gw1, after gw2 has taken over. */
async function afterChange(timeout: number): Promise<readonly string[]> {
  await use('gw1');
  const all = await Promise.all(families.map(connection));
  await use('gw2');
  await ended(all, timeout);
  const found = said(all);
  await Promise.all(all.map((one) => one.stop()));
  return found;
}

it('control: with `flows: keep` they hang', async () => {
  expect(await afterChange(5000)).toEqual(['open\n', 'open\n']);
});

it('with `flows: reset` the container is told at once', async () => {
  await write('    flows: reset\n');
  for (const host of [world.hosts.gw1, world.gw2]) await mustSucceed(host, 'apply', '--yes');
  expect(await afterChange(30_000)).toEqual(['open\nECONNRESET\n', 'open\nECONNRESET\n']);
});

it('connections of the member in use go on, also when the file is applied again', async () => {
  await use('gw2');
  const all = await Promise.all(families.map(connection));
  await mustSucceed(world.gw2, 'apply', '--yes');
  await sleep(1000);
  expect(said(all)).toEqual(['open\n', 'open\n']);
  // A gateway that was restarted knows no connection.
  await world.gw2.run(['conntrack', '-F']);
  expect(await ended(all, 30_000)).toBe(true);
  expect(said(all)).toEqual(['open\nECONNRESET\n', 'open\nECONNRESET\n']);
});

it('conntrack that drops packets of unknown connections is warned of', async () => {
  const loose = '/proc/sys/net/netfilter/nf_conntrack_tcp_loose';
  await world.gw2.files.overwrite(loose, '0\n');
  expect(await mustSucceed(world.gw2, 'plan')).toContain('`flows` resets nothing');
  await world.gw2.files.overwrite(loose, '1\n');
  expect(await mustSucceed(world.gw2, 'plan')).not.toContain('resets nothing');
});
