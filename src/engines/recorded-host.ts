/** Test host for engines: recorded files and program output; anything else is refused. */
import { dirname, basename } from 'node:path';
import { MustredirectError } from '../error.ts';
import type { Files, Host, Output } from '../host/ports.ts';

export interface Recorded {
  /** path -> content */
  readonly files?: Readonly<Record<string, string>>;
  /** command line -> stdout, or the whole output when the command failed */
  readonly outputs?: Readonly<Record<string, string | Output>>;
}

export function recordedHost({ files = {}, outputs = {} }: Recorded): Host {
  return {
    exec: {
      async run(argv) {
        const output = outputs[argv.join(' ')];
        if (typeof output === 'string') return { exitCode: 0, stdout: output, stderr: '' };
        if (output) return output;
        throw new MustredirectError('missing-tool', `${argv[0] ?? ''}: no such program`);
      },
    },
    files: recordedFiles(files),
  };
}

export function recordedFiles(files: Readonly<Record<string, string>>): Files {
  return {
    read: async (path) => files[path],
    stat: async (path) => (path in files ? { uid: 0, mode: 0o600, isFile: true } : undefined),
    list: async (folder) =>
      Object.keys(files)
        .filter((path) => dirname(path) === folder)
        .map((path) => basename(path)),
    replace: refuseWrite,
    append: refuseWrite,
    overwrite: refuseWrite,
    remove: refuseWrite,
  };
}

async function refuseWrite(): Promise<never> {
  throw new Error('reading a network must not write');
}
