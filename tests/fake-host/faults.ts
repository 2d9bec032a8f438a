/** Failures that a test injects. */
import type { Files } from '../../src/host/ports.ts';

/** Request to the host. */
export interface Event {
  readonly index: number;
  /** command line, or file operation */
  readonly what: string;
  /** whether the request changes something */
  readonly changes: boolean;
  readonly input: string;
}

export interface Fault {
  /** `failed`: the request reports an error. `killed`: our own process ends without a report */
  readonly kind: 'failed' | 'killed';
  /** for `ip -batch`: number of lines that take effect; default: none */
  readonly afterLine?: number;
}

/** @param begin called before each request */
export function faultyFiles(files: Files, begin: (event: Omit<Event, 'index'>) => Fault | undefined): Files {
  const check = (what: string, changes: boolean): void => {
    if (begin({ what, changes, input: '' })) throw new Error(`${what}: injected by the test`);
  };
  return {
    async read(path) {
      check(`read ${path}`, false);
      return files.read(path);
    },
    async stat(path) {
      check(`stat ${path}`, false);
      return files.stat(path);
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
