/** Runs that begin, change and end routing protocols, killed at boundaries between and within their steps. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { aShareOf, isThorough } from '../thorough.ts';
import { type Boundary, atBoundaries, routingBoundaries, runKilled } from './killed.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { leaksDuring } from './routing/leaks.ts';
import {
  type RoutingWorld,
  answers,
  birdc,
  createRoutingWorld,
  fileText,
  waitFor,
  writeFile,
} from './routing/world.ts';

const states = {
  static: '{ protocol: static }',
  bgp: '{ protocol: bgp, bfd: { interval: 50ms } }',
  'bgp on another port': '{ protocol: bgp, port: 1791, bfd: { interval: 60ms } }',
  ospf: '{ protocol: ospf, password_file: /etc/ospf.password, bfd: { interval: 50ms } }',
} as const;
type State = keyof typeof states;
type Change = readonly [from: State, to: State];

/** Each begins where the former ends. */
const changes: readonly Change[] = [
  ['static', 'bgp'],
  ['bgp', 'bgp on another port'],
  ['bgp on another port', 'ospf'],
  ['ospf', 'static'],
];

let world: RoutingWorld;
/** packets that the capture saw before the first apply */
let controlled: number;
/** what the three hosts had before the first apply */
let clean: HostDump[];

beforeAll(async () => {
  world = await createRoutingWorld();
  await writeFile(world, states.static);
  for (const host of allHosts()) await host.files.replace('/etc/ospf.password', 'secret\n');
  clean = await Promise.all(allHosts().map(dump));
  controlled = await leaksDuring(world, async () => {
    await answers(world);
  });
  for (const host of allHosts()) await move(host, 'static');
});

afterAll(async () => {
  await world.down();
});

/** gateways first */
function allHosts(): TestHost[] {
  return [world.hosts.gw1, world.gw2, world.hosts.node1];
}

/** All that an apply may change, with the folder and the processes of the routing daemon. */
async function dump(host: TestHost): Promise<HostDump> {
  const { files = [], ...found } = await dumpHost(host);
  const own = `find /run/mustredirect* /etc/bird* 2>/dev/null | grep -vE '^/run/mustredirect$|host.lock'
for process in /proc/[0-9]*; do
  [ "$(readlink $process/ns/net)" = "$(readlink /proc/self/ns/net)" ] && tr '\\0' ' ' <$process/cmdline | grep -E '^(bird|sh -c exec)'
done; :`;
  return {
    ...found,
    // The file is written by the test.
    files: files.filter((line) => !line.endsWith(filePath)),
    routing: (await host.run(['sh', '-c', own])).split('\n'),
  };
}

async function write(host: TestHost, state: State): Promise<void> {
  await host.files.replace(filePath, fileText(states[state]));
}

async function move(host: TestHost, to: State): Promise<void> {
  await write(host, to);
  await mustSucceed(host, 'apply', '--yes');
}

async function expectState(host: TestHost, state: State, boundary: Boundary): Promise<void> {
  await write(host, state);
  const { exitCode, stdout } = await mustredirect(host, 'plan', '--check');
  expect([boundary, exitCode, exitCode === 0 ? '' : stdout]).toEqual([boundary, 0, '']);
  // Otherwise BIRD goes back to its former configuration by itself.
  if (state !== 'static') expect(await birdc(host, 'configure', 'status')).not.toContain('unconfirmed');
}

/**
 * Kills the way from one state to another, which the next run undoes, or finishes; and the way back.
 *
 * @returns whether there was such a boundary
 */
async function killThereAndBack(host: TestHost, [from, to]: Change, boundary: Boundary): Promise<boolean> {
  const killed: boolean[] = [];
  const kill = async (state: State, finish: 'apply' | 'rollback'): Promise<void> => {
    await write(host, state);
    killed.push(await runKilled(host, boundary, 'apply', '--yes'));
    await mustSucceed(host, finish, '--yes');
  };
  for (const finish of aShareOf(['rollback', 'apply'] as const)) {
    await kill(to, finish);
    await expectState(host, finish === 'apply' ? to : from, boundary);
  }
  // Undone, the run has not reached the state from which it could go back.
  await move(host, to);
  await kill(from, 'apply');
  await expectState(host, from, boundary);
  return killed.some(Boolean);
}

async function killSomewhere(host: TestHost, change: Change): Promise<void> {
  const kill = (boundary: Boundary): Promise<boolean> => killThereAndBack(host, change, boundary);
  const between = async (): Promise<void> => {
    expect(await atBoundaries(kill)).toBeGreaterThan(isThorough ? 3 : 0);
  };
  const within = async (): Promise<void> => {
    for (const boundary of aShareOf(routingBoundaries)) await kill(boundary);
  };
  for (const killing of aShareOf([between, within])) await killing();
}

describe('a run that is killed', () => {
  it.each(changes)('from %s to %s is finished or undone, and nothing leaks', async (from, to) => {
    const { node1, gw1 } = world.hosts;
    const leaked = await leaksDuring(world, async () => {
      // The members are there already, so that the node's traffic is closed before, and goes through afterwards.
      for (const member of [gw1, world.gw2]) await move(member, to);
      const killed = aShareOf([node1, gw1]);
      if (killed.includes(node1)) await killSomewhere(node1, [from, to]);
      await move(node1, to);
      await waitFor('answers', async () => (await answers(world)).every(Boolean));
      if (killed.includes(gw1)) await killSomewhere(gw1, [to, from]);
      await waitFor('answers', async () => (await answers(world)).every(Boolean));
    });
    expect(leaked).toBe(0);
    expect(controlled).toBeGreaterThan(0);
  });
});

describe('destroy', () => {
  it.each(aShareOf(['bgp', 'ospf'] as const))(
    'of %s that is killed is finished by the next one, and leaves what was there before',
    async (state) => {
      for (const host of allHosts()) await move(host, state);
      await waitFor('answers', async () => (await answers(world)).every(Boolean));
      const killed = aShareOf(allHosts());
      for (const host of allHosts().toReversed()) {
        const destroy = async (boundary: Boundary): Promise<boolean> => {
          await move(host, state);
          const isKilled = await runKilled(host, boundary, 'destroy', '--yes');
          await mustSucceed(host, 'destroy', '--yes');
          return isKilled;
        };
        if (killed.includes(host)) {
          await atBoundaries(destroy);
          for (const boundary of aShareOf(['ended', 'emptied'] as const)) await destroy(boundary);
        } else await mustSucceed(host, 'destroy', '--yes');
      }
      const now = await Promise.all(allHosts().map(dump));
      expect(now.flatMap((one, i) => compareDumps(clean[i] ?? {}, one))).toEqual([]);
    },
  );
});
