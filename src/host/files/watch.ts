/** Watches folders for changes. */
import { type FSWatcher, watch } from 'node:fs';

/** milliseconds until a folder that is missing, or has been removed, is tried again */
const retryEvery = 5000;

export interface FolderWatch {
  readonly folder: string;
  /** absent: any name */
  readonly names?: readonly string[];
}

/**
 * Calls back when something in a folder changes, until `end` is aborted. A folder that is not there yet is watched as
 * soon as it is.
 */
export function watchFolder({ folder, names }: FolderWatch, onChange: () => void, end: AbortSignal): void {
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tryAgain = (): void => {
    watcher?.close();
    watcher = undefined;
    if (end.aborted || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      begin(true);
    }, retryEvery);
  };
  const begin = (again: boolean): void => {
    try {
      watcher = watch(folder, (event, name) => {
        if (names === undefined || name === null || names.includes(name)) onChange();
        // The folder itself has gone: inotify follows its old inode.
        if (event === 'rename' && name === folder.split('/').at(-1)) tryAgain();
      });
      watcher.on('error', tryAgain);
      if (again) onChange();
    } catch {
      tryAgain();
    }
  };
  begin(false);
  const stop = (): void => {
    clearTimeout(timer);
    watcher?.close();
  };
  end.addEventListener('abort', stop, { once: true });
}
