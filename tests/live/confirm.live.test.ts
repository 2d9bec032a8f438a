/** An unconfirmed apply is undone, even if its shell or terminal is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import type { World } from '../../src/lab/world.ts';
import { runKilled } from './killed.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld } from './test-world.ts';

const apply = `${programPath} apply --yes --confirm 4s`;

describe('apply --confirm', () => {
  let world: World;
  let start: HostDump;

  beforeAll(async () => {
    world = await createTestWorld({ engine: 'external' });
    await world.hosts.node1.files.replace(filePath, exampleFile('external'));
  });
  afterAll(async () => {
    await world?.down();
  });
  beforeEach(async () => {
    await mustSucceed(world.hosts.node1, 'destroy', '--yes');
    start = await dump();
  });

  /** Dump without the history, which has times and users. */
  async function dump(): Promise<HostDump> {
    const found = await dumpHost(world.hosts.node1);
    return { ...found, files: found['files']?.filter((line) => !line.endsWith('.history')) ?? [] };
  }

  /** Runs a shell in a session of its own, waits for `ready`, and ends it with the given command. */
  async function shell(argv: readonly string[], end: string): Promise<void> {
    const running = await world.hosts.node1.background.start(argv);
    while (!running.output().stdout.includes('ready')) {
      if (running.ended()) throw new Error(JSON.stringify(running.output()));
      await sleep(50);
    }
    expect(await dump()).not.toEqual(start);
    await world.hosts.node1.run(['sh', '-c', end]);
    await running.stop();
  }

  async function undoneAfter(seconds: number): Promise<boolean> {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(200)) {
      if (compareDumps(start, await dump()).length === 0) return true;
    }
    return false;
  }

  async function watches(): Promise<string> {
    const { stdout } = await world.hosts.node1.exec.run([
      'pgrep',
      '--full',
      '--count',
      'watch-confirm --run',
    ]);
    return stdout.trim();
  }

  it('is undone after its shell was killed', async () => {
    const script = `echo $$ >/run/shell; ${apply} >/dev/null 2>&1; echo ready; exec cat`;
    await shell(['sh', '-c', script], 'kill -KILL $(cat /run/shell)');
    expect(await dump()).not.toEqual(start);
    expect(await undoneAfter(12)).toBe(true);
    expect(await mustSucceed(world.hosts.node1, 'history')).toMatch(/ apply .*\n[^]* rollback /);
  });

  it('is undone after its terminal was closed', async () => {
    const inTerminal = `${apply} >/dev/null 2>&1; tty; echo ready; exec cat`;
    const script = `echo $$ >/run/terminal; exec script --quiet --command '${inTerminal}' /dev/null`;
    await shell(['sh', '-c', script], 'kill -KILL $(cat /run/terminal)');
    expect(await dump()).not.toEqual(start);
    expect(await undoneAfter(12)).toBe(true);
  });

  it.each([1, 3, 6])('is undone after it was killed before step %i', async (boundary) => {
    expect(await runKilled(world.hosts.node1, boundary, 'apply', '--yes', '--confirm', '1s')).toBe(true);
    expect(await undoneAfter(12)).toBe(true);
  });

  it('stays when confirmed, and its watch ends', async () => {
    await mustSucceed(world.hosts.node1, 'apply', '--yes', '--confirm', '10s');
    expect(await watches()).toBe('1');
    expect(await mustSucceed(world.hosts.node1, 'status')).toContain('waits to be confirmed until');
    expect(await mustSucceed(world.hosts.node1, 'confirm')).toContain('confirmed');
    const applied = await dump();
    await sleep(11_000);
    expect(compareDumps(applied, await dump())).toEqual([]);
    expect(await watches()).toBe('0');
    expect(await mustredirect(world.hosts.node1, 'confirm')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nothing waits to be confirmed') as unknown,
    });
  });

  it('refuses other runs until it is confirmed or undone', async () => {
    await mustSucceed(world.hosts.node1, 'apply', '--yes', '--confirm', '60s');
    for (const verb of ['apply', 'destroy']) {
      expect(await mustredirect(world.hosts.node1, verb, '--yes')).toMatchObject({
        exitCode: 4,
        stderr: expect.stringMatching(
          /waits to be confirmed until .*\nhint: `mustredirect confirm` keeps/,
        ) as unknown,
      });
    }
    await mustSucceed(world.hosts.node1, 'rollback', '--yes');
    expect(compareDumps(start, await dump())).toEqual([]);
  });
});
