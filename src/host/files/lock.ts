/**
 * Lock that admits one run at a time: flock(2) on a file, held by a child process that lives as long as our pipe to it.
 * The lock is released when this process ends, however it ends.
 */
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../process/background.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import { heldByOtherUsers } from './lock-holders.ts';
import type { Background, Files, Host, Output } from '../ports.ts';

export interface Lock {
  /** Returns when the next process can take the lock. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** description of the holder, shown to a process that waits: `apply, process 4711` */
  readonly who: string;
  /** seconds to wait for the lock; default: 0 */
  readonly wait?: number;
  /** called before waiting, with the holder: `destroy, process 4711, since 2026-01-31T12:00:00Z` */
  readonly onWait?: (holder: string) => void;
}

interface LockPorts {
  readonly background: Background;
  readonly files: Files;
}

/** Throws `busy` when another process still holds the lock after the wait. */
export async function takeLock(
  { background, files }: LockPorts,
  path: string,
  { who, wait = 0, onWait = () => {} }: LockOptions,
): Promise<Lock> {
  const holder = async () => (await files.read(path, { follow: false }))?.trim() || 'unknown';
  let lock = await tryLock(background, path, who, 0);
  if (!lock) lock = await tryReplacingFile({ background, files }, path, who);
  if (!lock && wait > 0) {
    onWait(await holder());
    lock = await tryLock(background, path, who, wait);
  }
  if (lock) return lock;
  throw new MustredirectError('busy', `another run is in progress: ${await holder()}`, {
    hint: 'wait until it has ended, then try again',
  });
}

/**
 * Another user who opened the file while its mode was wider can hold the lock indefinitely: a new file, which that user
 * cannot open, replaces it.
 */
async function tryReplacingFile(
  { background }: LockPorts,
  path: string,
  who: string,
): Promise<Lock | undefined> {
  const inode = await heldByOtherUsers(path);
  return inode === undefined ? undefined : tryLock(background, path, who, 0, inode);
}

/** Who took the lock last, and when; undefined: nobody has. It differs after every run of another process. */
export function lastHolder(files: Pick<Files, 'read'>, path: string): Promise<string | undefined> {
  return files.read(path, { follow: false });
}

/** Whether a process holds the lock now. */
export async function isLocked({ exec, files }: Host, path: string): Promise<boolean> {
  if ((await files.read(path, { follow: false })) === undefined) return false;
  const { exitCode } = await exec.run([
    'flock',
    '--nonblock',
    '--conflict-exit-code',
    String(heldStatus),
    path,
    'true',
  ]);
  return exitCode === heldStatus;
}

/** exit status of flock(1) when another process holds the lock */
const heldStatus = 75;

/** exit status of the script when the file was replaced while it waited for the lock of the old one */
const replacedStatus = 76;

/**
 * The file is written in place, because a new file would carry another lock. $3 is the inode of a file to replace. The
 * lock on the gate file admits one replacement at a time; the gate is new with the first replacement, so other users
 * cannot open it. $4 is the time now: without a wait, no program is started to tell it.
 */
const script = `set -e
umask 077
[ -d "\${0%/*}" ] || mkdir -p "\${0%/*}"
refuse_link() {
  [ ! -L "$1" ] || { echo "$1 is a symbolic link" >&2; exit 1; }
}
inode() {
  stat -L -c %i "$1"
}
refuse_link "$0"
if [ -n "$3" ]; then
  refuse_link "$0.gate"
  exec 8>>"$0.gate"
  flock 8
  if [ "$(inode "$0")" = "$3" ]; then
    rm -f "$0.new"
    : >"$0.new"
    mv "$0.new" "$0"
  fi
  exec 8>&-
fi
exec 9>>"$0"
flock -w "$1" -E ${heldStatus} 9 || exit $?
[ "$0" -ef /proc/self/fd/9 ] || exit ${replacedStatus}
[ "$1" = 0 ] || set -- "$1" "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
echo "$2, since $4" >"$0"
echo locked
exec cat >/dev/null`;

/** Returns undefined when another process holds the lock for longer than `wait`. */
async function tryLock(
  background: Background,
  path: string,
  who: string,
  wait: number,
  replace = '',
): Promise<Lock | undefined> {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const running = await background.start(['sh', '-c', script, path, String(wait), who, replace, now]);
  const locked = (): boolean => running.output().stdout !== '';
  await waitUntil(() => locked() || running.ended(), Infinity);
  if (locked()) return { release: async () => void (await running.stop()) };
  const output = await running.stop();
  if (output.exitCode === heldStatus) return undefined;
  if (output.exitCode === replacedStatus) return tryLock(background, path, who, wait);
  throw lockError(path, output);
}

function lockError(path: string, { exitCode, stderr }: Output): MustredirectError {
  if (exitCode === programNotFound) return missingProgram('flock');
  return new MustredirectError('failed', `${path}: cannot be locked: ${stderr.trim()}`, {
    hint: 'run it as root; MUSTREDIRECT_RUN_DIR names another folder',
  });
}
