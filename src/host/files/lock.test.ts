import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBackground } from '../process/background.ts';
import { createFiles } from './files.ts';
import { takeLock } from './lock.ts';
import type { Running } from '../ports.ts';

const ports = { background: createBackground(), files: createFiles() };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-lock-'));
  path = join(folder, 'run', 'host.lock');
});
afterEach(() => rm(folder, { recursive: true }));

function holdAs(uid: number, kind: string): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  return spawn('flock', ['--no-fork', kind, path, 'sh', '-c', 'echo held; exec sleep 60'], {
    uid,
    gid: uid,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

describe('the lock', () => {
  it('admits one holder, and names it to others', async () => {
    const first = await takeLock(ports, path, { who: 'a long name, process 1' });
    await expect(takeLock(ports, path, { who: 'second' })).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(
        /^another run is in progress: a long name, process 1, since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      ) as unknown,
    });
    await first.release();
    const second = await takeLock(ports, path, { who: 'second' });
    expect(await ports.files.read(path)).toMatch(/^second, since [^,]*\n$/);
    await second.release();
  });

  it('is granted to a waiting process after release', async () => {
    const first = await takeLock(ports, path, { who: 'first' });
    const told: string[] = [];
    let releasing: Promise<void> | undefined;
    const second = await takeLock(ports, path, {
      who: 'second',
      wait: 10,
      onWait(holder) {
        told.push(holder);
        releasing = first.release();
      },
    });
    expect(told).toEqual([expect.stringMatching(/^first, since /)]);
    await releasing;
    await second.release();
  });

  it('is waited for up to the given time', async () => {
    const first = await takeLock(ports, path, { who: 'first' });
    const start = performance.now();
    await expect(takeLock(ports, path, { who: 'second', wait: 0.3 })).rejects.toMatchObject({
      code: 'busy',
    });
    expect(performance.now() - start).toBeGreaterThan(250);
    await first.release();
  });

  it('is released when the pipe to its holder closes', async () => {
    const started: Running[] = [];
    const start = async (argv: readonly string[]) => {
      const running = await ports.background.start(argv);
      started.push(running);
      return running;
    };
    await takeLock({ ...ports, background: { start } }, path, { who: 'killed' });
    await started[0]?.stop();
    const next = await takeLock(ports, path, { who: 'next' });
    await next.release();
    expect(started).toHaveLength(1);
  });

  it.each(['-s', '-x'])('is granted when another user holds it (flock %s)', async (kind) => {
    await mkdir(join(folder, 'run'));
    await chmod(folder, 0o755);
    await writeFile(path, 'old\n');
    const stranger = holdAs(1234, kind);
    try {
      await once(stranger.stdout, 'data');
      const first = await takeLock(ports, path, { who: 'first' });
      await expect(takeLock(ports, path, { who: 'second' })).rejects.toMatchObject({ code: 'busy' });
      await first.release();
      await (await takeLock(ports, path, { who: 'third' })).release();
    } finally {
      stranger.kill();
    }
  });

  it('is granted to one of several processes that take it from another user at once', async () => {
    await mkdir(join(folder, 'run'));
    await chmod(folder, 0o755);
    await writeFile(path, 'old\n');
    const stranger = holdAs(1234, '-s');
    try {
      await once(stranger.stdout, 'data');
      let [inside, most] = [0, 0];
      const work = async (who: string): Promise<void> => {
        const lock = await takeLock(ports, path, { who, wait: 20 });
        inside += 1;
        most = Math.max(most, inside);
        await sleep(50);
        inside -= 1;
        await lock.release();
      };
      await Promise.all(['a', 'b', 'c', 'd'].map(work));
      expect(most).toBe(1);
    } finally {
      stranger.kill();
    }
  });

  it('is refused through a symbolic link', async () => {
    await mkdir(join(folder, 'run'));
    await symlink('/nonexistent-target', path);
    await expect(takeLock(ports, path, { who: 'me' })).rejects.toMatchObject({
      message: expect.stringContaining('is a symbolic link') as unknown,
    });
  });

  it('reports why it cannot be created', async () => {
    await writeFile(join(folder, 'run'), '');
    await expect(takeLock(ports, path, { who: 'me' })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining(`${path}: cannot be locked: mkdir: `) as unknown,
    });
  });
});
