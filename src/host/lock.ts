/**
 * One run at a time. The lock is flock(2) on a file, held by a child that lives as long as our pipe to it:
 * it is gone with us, however we end.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MustredirectError } from '../error.ts';

export interface Lock {
  release(): void;
}

/** exit status of flock(1) when somebody else holds the lock */
const held = 75;

/** @param who what the next one is told, should it have to wait: `apply, process 4711` */
export async function takeLock(path: string, who: string): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  // flock(1) makes the file; `cat` ends when its input does, and with it the lock.
  const child = spawn('flock', ['-n', '-E', String(held), path, '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  const locked = new Promise<'locked'>((resolve) => child.stdout.once('data', () => resolve('locked')));
  const outcome = await Promise.race([locked, exit, failed]);
  if (outcome === 'locked') {
    const holder = `${who}, since ${new Date().toISOString()}\n`;
    await writeFile(path, holder);
    return { release: () => child.stdin.end() };
  }
  throw await lockError(path, outcome);
}

async function lockError(path: string, outcome: number | null | Error): Promise<MustredirectError> {
  if (outcome === held) {
    const holder = (await readFile(path, 'utf8').catch(() => '')).trim();
    return new MustredirectError('busy', `another run is at work: ${holder || 'unknown'}`, {
      hint: 'wait until it has ended, then try again',
    });
  }
  if (outcome instanceof Error) {
    return new MustredirectError('missing-tool', 'flock: cannot be started', {
      hint: 'apt-get install util-linux',
      cause: outcome,
    });
  }
  return new MustredirectError('failed', `${path}: cannot be locked`, {
    hint: 'run it as root; MUSTREDIRECT_RUN_DIR names another folder',
  });
}
