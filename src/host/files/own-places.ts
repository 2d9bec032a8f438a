/**
 * Checks the folders and files of our state and lock: only we may write or open them. A user who can open the lock file
 * can hold the lock, and a user who can write a state file decides what root does.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MustredirectError } from '../../error.ts';
import { ownUser } from '../process/own-user.ts';
import type { Places } from './places.ts';
import { quoteWord } from '../process/shell-word.ts';

const folderMode = 0o700;
const fileMode = 0o600;
const writableByOthers = 0o022;
const everyMode = 0o7777;
/** sticky bit, as on /tmp: only the owner of a file may rename or remove it */
const sticky = 0o1000;

type Kind = 'folder' | 'file';

/**
 * Narrows modes that are too wide, and throws when another user could have written a path. A missing path is created by
 * its writer.
 */
export async function checkOwnPlaces({ ledger, journal, history, lock }: Places): Promise<void> {
  const files = [ledger, journal, history, lock];
  for (const folder of new Set(files.map((path) => dirname(path)))) {
    await checkParents(folder);
    await checkOwn(folder, 'folder');
  }
  for (const path of files) await checkOwn(path, 'file');
}

async function checkOwn(path: string, kind: Kind): Promise<void> {
  const handle = await openOwn(path, kind);
  if (!handle) return;
  try {
    const { uid, mode } = await handle.stat();
    const wanted = kind === 'folder' ? folderMode : fileMode;
    if (!(await isOurs(uid))) throw othersError(path, kind, uid);
    if ((mode & writableByOthers) !== 0) throw writableError(path, kind, mode);
    if ((mode & everyMode & ~wanted) !== 0) await restrictMode(handle, wanted);
  } finally {
    await handle.close();
  }
}

/** A read-only file system is ignored here: writing reports it. */
async function restrictMode(handle: FileHandle, mode: number): Promise<void> {
  await handle.chmod(mode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EROFS') throw error;
  });
}

/** Returns undefined when the path does not exist. A device or pipe must not block. */
async function openOwn(path: string, kind: Kind): Promise<FileHandle | undefined> {
  const type = kind === 'folder' ? constants.O_DIRECTORY : constants.O_NONBLOCK;
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | type);
    if (kind === 'folder' || (await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') throw await forbiddenError(path, kind);
    if (code !== 'ELOOP' && code !== 'ENOTDIR' && code !== 'ENXIO') throw error;
  }
  throw refusal(`${path}: is not a ${kind}`, `look what it is, then remove it: \`rm ${quoteWord(path)}\``);
}

async function forbiddenError(path: string, kind: Kind): Promise<Error> {
  const { uid } = await lstat(path).catch(() => ({ uid: 0 }));
  return (await isOurs(uid))
    ? new MustredirectError('not-permitted', `${path}: permission denied`, { hint: 'run it as root' })
    : othersError(path, kind, uid);
}

/** A user who can write the parent folder can replace the folder. */
async function checkParents(folder: string): Promise<void> {
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) {
    const found = await lstat(path).catch(() => undefined);
    if (!found || found.isSymbolicLink() || (found.mode & sticky) !== 0) continue;
    const writable = found.gid === 0 ? 0o002 : writableByOthers;
    if ((found.mode & writable) !== 0) throw writableError(path, 'folder', found.mode);
  }
}

async function isOurs(uid: number): Promise<boolean> {
  return uid === 0 || uid === (await ownUser());
}

function othersError(path: string, kind: Kind, uid: number): MustredirectError {
  const mode = (kind === 'folder' ? folderMode : fileMode).toString(8);
  return refusal(
    `${path}: the ${kind} belongs to user ${uid}, who can change what mustredirect keeps`,
    `if you trust its content: \`chown root:root ${quoteWord(path)} && chmod 0${mode} ${quoteWord(path)}\`; else move it away`,
  );
}

function writableError(path: string, kind: Kind, mode: number): MustredirectError {
  return refusal(
    `${path}: other users can write the ${kind} (mode ${(mode & everyMode).toString(8).padStart(4, '0')})`,
    `if you trust its content: \`chmod go-w ${quoteWord(path)}\`; else move it away`,
  );
}

function refusal(message: string, hint: string): MustredirectError {
  return new MustredirectError('refused', message, { hint });
}
