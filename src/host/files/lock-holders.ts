/** Processes that hold a lock of flock(2), found by the open files and locks that /proc lists for each process. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ownUser } from '../process/own-user.ts';

/**
 * Inode of the file when only processes of other users hold its lock; undefined otherwise, also when the holder is not
 * visible.
 */
export async function heldByOtherUsers(path: string): Promise<string | undefined> {
  const file = await stat(path, { bigint: true }).catch(() => undefined);
  if (!file) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const users = new Set<number>();
  for (const pid of pids) {
    if (await holds(pid, file)) users.add(await userOf(pid));
  }
  const own = await ownUser();
  const onlyOthers = users.size > 0 && [...users].every((user) => user !== 0 && user !== own);
  return onlyOthers ? String(file.ino) : undefined;
}

interface Inode {
  readonly dev: bigint;
  readonly ino: bigint;
}

async function holds(pid: string, { dev, ino }: Inode): Promise<boolean> {
  const folder = join('/proc', pid, 'fd');
  for (const fd of await readdir(folder).catch(() => [])) {
    const open = await stat(join(folder, fd), { bigint: true }).catch(() => undefined);
    if (open?.ino !== ino || open.dev !== dev) continue;
    const info = await readFile(join('/proc', pid, 'fdinfo', fd), 'utf8').catch(() => '');
    if (/^lock:.* FLOCK /m.test(info)) return true;
  }
  return false;
}

/** Real user of a process: a setuid program belongs to the user who started it. An ended process counts as ours. */
async function userOf(pid: string): Promise<number> {
  const status = await readFile(join('/proc', pid, 'status'), 'utf8').catch(() => '');
  return Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? 0);
}
