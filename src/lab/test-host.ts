/** Ports of a test host: programs run inside its namespaces, started from outside. */
import { createBackground } from '../host/process/background.ts';
import { commandError, runOrFail } from '../host/process/exec.ts';
import { createFiles } from '../host/files/files.ts';
import { execInside, inHost } from '../host/process/namespaces.ts';
import type { Background, Exec, Files, Host, RunOptions } from '../host/ports.ts';

export interface TestHost extends Host {
  readonly name: string;
  /** pid of its first process in the machine's pid namespace */
  readonly pid: number;
  readonly background: Background;
  /** Runs a program that must succeed, and returns its stdout. */
  run(argv: readonly string[], options?: RunOptions): Promise<string>;
}

/** @param machine runs programs on the machine itself */
export function enterHost(machine: Exec, name: string, pid: number): TestHost {
  const inside = (argv: readonly string[]) => inHost(pid, argv);
  const exec = execInside(machine, inside);
  const background = createBackground();
  return {
    name,
    pid,
    exec,
    files: filesInside(exec, pid),
    background: { start: (argv) => background.start(inside(argv)) },
    run: (argv, options) => runOrFail(exec, argv, options),
  };
}

/**
 * Files in the host's mount namespace. Absolute symbolic links lead out of it: use /run instead of /var/run. Contents
 * of /proc depend on the reader, so a program inside reads those.
 */
function filesInside(exec: Exec, pid: number): Files {
  const files = createFiles();
  const machinePath = (path: string) => `/proc/${pid}/root${path}`;
  return {
    read: (path) => (isInProc(path) ? readInside(exec, path) : files.read(machinePath(path))),
    stat: (path) => files.stat(machinePath(path)),
    list: (path) => (isInProc(path) ? listInside(exec, path) : files.list(machinePath(path))),
    replace: (path, content, mode) => files.replace(machinePath(path), content, mode),
    append: (path, content) => files.append(machinePath(path), content),
    overwrite: (path, content) =>
      isInProc(path) ? overwriteInside(exec, path, content) : files.overwrite(machinePath(path), content),
    remove: (path) => files.remove(machinePath(path)),
  };
}

function isInProc(path: string): boolean {
  return path.startsWith('/proc/');
}

async function readInside(exec: Exec, path: string): Promise<string | undefined> {
  const output = await exec.run(['cat', path]);
  if (output.exitCode === 0) return `${output.stdout}\n`;
  if (output.stderr.includes('No such file')) return undefined;
  throw commandError(['cat', path], output);
}

async function listInside(exec: Exec, path: string): Promise<readonly string[]> {
  const output = await exec.run(['ls', '-1A', path]);
  return output.exitCode === 0 ? output.stdout.split('\n').filter(Boolean) : [];
}

async function overwriteInside(exec: Exec, path: string, content: string): Promise<void> {
  await runOrFail(exec, ['dd', 'conv=notrunc', 'status=none', `of=${path}`], { input: content });
}
