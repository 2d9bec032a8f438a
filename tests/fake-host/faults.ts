/** Things that go wrong because a test wants them to. */
import type { Files } from '../../src/host/ports.ts';

/** One thing asked of the host. */
export interface Event {
  readonly index: number;
  /** the command line, or what is done to which file */
  readonly what: string;
  /** whether it is asked to change something */
  readonly changes: boolean;
  readonly input: string;
}

export interface Fault {
  /** `failed`: it says so. `killed`: our own process is gone, and nobody says anything */
  readonly kind: 'failed' | 'killed';
  /** for `ip -batch`: so many of its lines are done; default: none */
  readonly afterLine?: number;
}

/** @param begin told of each thing asked, before it is done */
export function faultyFiles(files: Files, begin: (event: Omit<Event, 'index'>) => Fault | undefined): Files {
  const check = (what: string, changes: boolean): void => {
    if (begin({ what, changes, input: '' })) throw new Error(`${what}: injected by the test`);
  };
  return {
    async read(path) {
      check(`read ${path}`, false);
      return files.read(path);
    },
    async list(path) {
      check(`list ${path}`, false);
      return files.list(path);
    },
    async replace(path, content, mode) {
      check(`replace ${path}`, true);
      return files.replace(path, content, mode);
    },
    async append(path, content) {
      check(`append ${path}`, true);
      return files.append(path, content);
    },
    async overwrite(path, content) {
      check(`overwrite ${path}`, true);
      return files.overwrite(path, content);
    },
    async remove(path) {
      check(`remove ${path}`, true);
      return files.remove(path);
    },
  };
}
