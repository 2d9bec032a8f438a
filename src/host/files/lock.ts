/**
 * One run at a time. The lock is flock(2) on a file, held by a child that lives as long as our pipe to it:
 * it is gone with us, however we end.
 */
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../process/background.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import { heldByStrangers } from './lock-holders.ts';
import type { Background, Files, Host, Output } from '../ports.ts';

export interface Lock {
  /** Returns when the next one can have it. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** what the next one is told, should it have to wait: `apply, process 4711` */
  readonly who: string;
  /** seconds to wait for it; default: none */
  readonly wait?: number;
  /** called before we wait: `destroy, process 4711, since 2026-01-31T12:00:00Z` */
  readonly onWait?: (holder: string) => void;
}

interface Outside {
  readonly background: Background;
  readonly files: Files;
}

/** Throws `busy` when somebody else has it, still. */
export async function takeLock(
  { background, files }: Outside,
  path: string,
  { who, wait = 0, onWait = () => {} }: LockOptions,
): Promise<Lock> {
  const holder = async () => (await files.read(path, { follow: false }))?.trim() || 'unknown';
  let lock = await tryLock(background, path, who, 0);
  if (!lock) lock = await tryWithoutStrangers({ background, files }, path, who);
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
 * Another user who opened the file while its mode was wider can hold the lock as long as he wants: then the file makes
 * room for a new one, which he cannot open.
 */
async function tryWithoutStrangers(
  { background }: Outside,
  path: string,
  who: string,
): Promise<Lock | undefined> {
  const inode = await heldByStrangers(path);
  return inode === undefined ? undefined : tryLock(background, path, who, 0, inode);
}

/** Whether somebody holds it now. */
export async function isLocked({ exec, files }: Host, path: string): Promise<boolean> {
  if ((await files.read(path, { follow: false })) === undefined) return false;
  const { exitCode } = await exec.run([
    'flock',
    '--nonblock',
    '--conflict-exit-code',
    String(held),
    path,
    'true',
  ]);
  return exitCode === held;
}

/** exit status of flock(1) when somebody else holds the lock */
const held = 75;

/** exit status of the script when the file was replaced while it waited for the lock of the old one */
const replaced = 76;

/**
 * The file is written in place: with another file would come another lock. $3 is the inode of a file that is to be
 * replaced. The gate lets one replace it at a time: it is as new as the first stranger, and no other can open it.
 */
const script = `set -e
umask 077
mkdir -p "\${0%/*}"
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
flock -w "$1" -E ${held} 9 || exit $?
[ "$(inode "$0")" = "$(inode /proc/self/fd/9)" ] || exit ${replaced}
echo "$2, since $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$0"
echo locked
exec cat >/dev/null`;

/** Nothing when somebody else has it for longer than we wait. */
async function tryLock(
  background: Background,
  path: string,
  who: string,
  wait: number,
  replace = '',
): Promise<Lock | undefined> {
  const running = await background.start(['sh', '-c', script, path, String(wait), who, replace]);
  const locked = (): boolean => running.said().stdout !== '';
  await waitUntil(() => locked() || running.ended(), Infinity);
  if (locked()) return { release: async () => void (await running.stop()) };
  const output = await running.stop();
  if (output.exitCode === held) return undefined;
  if (output.exitCode === replaced) return tryLock(background, path, who, wait);
  throw lockError(path, output);
}

function lockError(path: string, { exitCode, stderr }: Output): MustredirectError {
  if (exitCode === programNotFound) return missingProgram('flock');
  return new MustredirectError('failed', `${path}: cannot be locked: ${stderr.trim()}`, {
    hint: 'run it as root; MUSTREDIRECT_RUN_DIR names another folder',
  });
}
