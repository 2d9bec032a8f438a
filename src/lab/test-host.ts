/** The ports of a test host: everything that runs on a host runs there from outside as well. */
import { createBackground } from '../host/process/background.ts';
import { commandError, runOrFail } from '../host/process/exec.ts';
import { createFiles } from '../host/files/files.ts';
import { execInside, inHost } from '../host/process/namespaces.ts';
import type { Background, Exec, Files, Host, RunOptions } from '../host/ports.ts';

export interface TestHost extends Host {
  readonly name: string;
  /** of its first process, in the machine's own numbering */
  readonly pid: number;
  readonly background: Background;
  /** Runs a program that must succeed, and gives its stdout. */
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
 * Files as the host's mounts have them. Links with absolute targets lead out of it: use /run, not /var/run.
 * What /proc shows depends on who reads, so a program inside does that.
 */
function filesInside(exec: Exec, pid: number): Files {
  const files = createFiles();
  const outside = (path: string) => `/proc/${pid}/root${path}`;
  return {
    read: (path) => (inProc(path) ? readInside(exec, path) : files.read(outside(path))),
    list: (path) => (inProc(path) ? listInside(exec, path) : files.list(outside(path))),
    replace: (path, content, mode) => files.replace(outside(path), content, mode),
    append: (path, content) => files.append(outside(path), content),
    overwrite: (path, content) =>
      inProc(path) ? overwriteInside(exec, path, content) : files.overwrite(outside(path), content),
    remove: (path) => files.remove(outside(path)),
  };
}

function inProc(path: string): boolean {
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
