/** A host for this room's tests: files and answers of programs as they were recorded; what it was not given, it refuses. */
import { dirname, basename } from 'node:path';
import { MustredirectError } from '../error.ts';
import type { Files, Host, Output } from '../host/ports.ts';

export interface Recorded {
  /** path -> content */
  readonly files?: Readonly<Record<string, string>>;
  /** command line -> stdout, or all of what it answered where it failed */
  readonly answers?: Readonly<Record<string, string | Output>>;
}

export function recordedHost({ files = {}, answers = {} }: Recorded): Host {
  return {
    exec: {
      async run(argv) {
        const answer = answers[argv.join(' ')];
        if (typeof answer === 'string') return { exitCode: 0, stdout: answer, stderr: '' };
        if (answer) return answer;
        throw new MustredirectError('missing-tool', `${argv[0] ?? ''}: no such program`);
      },
    },
    files: recordedFiles(files),
  };
}

export function recordedFiles(files: Readonly<Record<string, string>>): Files {
  return {
    read: async (path) => files[path],
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
