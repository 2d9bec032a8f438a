/** Starts, finds and ends the first processes of test hosts. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../error.ts';
import type { Files, Host } from '../host/ports.ts';
import { holderMark, initScript, outerScript } from './holder-script.ts';

export interface HolderOptions {
  readonly lab: string;
  readonly host: string;
  /** lines with a path below /proc/sys and its value */
  readonly sysctls: readonly string[];
  /** cgroup that becomes the root of the host's cgroups, if it needs one */
  readonly cgroup?: string | undefined;
}

export interface Holder {
  readonly pid: number;
  /** Keeps the host running after this process ends; without it, the host ends with this process. */
  keep(): Promise<void>;
}

const namespaces = ['--net', '--mount', '--pid', '--uts', '--fork', '--mount-proc', '--kill-child'];

/** Starts a host's first process, and waits until the host has its mounts and sysctls. */
export async function startHolder(files: Files, options: HolderOptions): Promise<Holder> {
  const tail = [holderMark, options.lab, options.host];
  const unshare = ['unshare', ...(options.cgroup ? ['--cgroup'] : []), ...namespaces];
  const first = ['sh', '-c', initScript, ...tail];
  const child = spawn('sh', ['-c', outerScript, holderMark, ...unshare, ...first], {
    cwd: '/',
    detached: true,
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LAB_SYSCTLS: options.sysctls.join('\n'),
      LAB_CGROUP: options.cgroup ?? '',
    },
  });
  await ready(child, options);
  detach(child);
  const pid = (await findHolders(files, options.lab)).find(
    ({ host, init }) => init && host === options.host,
  )?.pid;
  if (pid === undefined)
    throw new MustredirectError('failed', `lab ${options.lab}: ${options.host} went away`);
  return { pid, keep: () => new Promise((resolve) => child.stdin.end('keep\n', () => resolve())) };
}

/** Resolves when the host prints `ready`; rejects with its output when it ends before. */
async function ready(child: ChildProcessWithoutNullStreams, { lab, host }: HolderOptions): Promise<void> {
  let stderr = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', () => {
      reject(new MustredirectError('failed', `lab ${lab}: ${host} cannot be made: ${stderr.trim()}`));
    });
  });
}

/** Lets this process exit while the host runs. */
function detach(child: ChildProcessWithoutNullStreams): void {
  child.unref();
  child.stdout.destroy();
  child.stderr.destroy();
  // A pipe is a socket in Node, contrary to its type.
  (child.stdin as Socket).unref();
  child.stdin.on('error', () => {});
}

export interface FoundHolder {
  readonly lab: string;
  readonly host: string;
  readonly pid: number;
  /** whether it is the host's first process itself, and not a parent of it */
  readonly init: boolean;
}

/** All processes that hold or start a host of the lab, recognised by their command line. */
export async function findHolders(files: Files, lab: string): Promise<readonly FoundHolder[]> {
  return (await allHolders(files)).filter((holder) => holder.lab === lab);
}

/** Names of the labs that are up. */
export async function findLabs(files: Files): Promise<readonly string[]> {
  const labs = (await allHolders(files)).filter(({ init }) => init).map(({ lab }) => lab);
  return [...new Set(labs)].sort();
}

async function allHolders(files: Files): Promise<readonly FoundHolder[]> {
  const pids = (await files.list('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => readHolder(files, pid)));
  return found.filter((holder) => holder !== undefined);
}

async function readHolder(files: Files, pid: number): Promise<FoundHolder | undefined> {
  const argv = (await readOfProcess(files, `/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  const [mark, lab = '', host = ''] = argv.slice(-3);
  if (mark !== holderMark || !['sh', 'unshare'].includes(argv[0] ?? '')) return undefined;
  const status = await readOfProcess(files, `/proc/${pid}/status`);
  return { lab, host, pid, init: /^NSpid:\t\d.*\t1$/m.test(status) };
}

/** Empty when the process has ended. */
async function readOfProcess(files: Files, path: string): Promise<string> {
  try {
    return (await files.read(path)) ?? '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return '';
    throw error;
  }
}

const pollInterval = 10;
/** Rounds before SIGKILL, in which outer processes clean up and end by themselves. */
const graceRounds = 50;
const lastRound = 500;

/** Ends the lab's hosts and all processes in them, and waits until they are gone. */
export async function endHolders({ exec, files }: Host, lab: string): Promise<void> {
  for (let round = 0; round <= lastRound; round++) {
    const holders = await findHolders(files, lab);
    if (holders.length === 0) return;
    const inits = holders.filter(({ init }) => init);
    const targets = inits.length > 0 || round < graceRounds ? inits : holders;
    // kill fails when a process has ended meanwhile: the next round checks again.
    if (targets.length > 0) await exec.run(['kill', '-KILL', ...targets.map(({ pid }) => String(pid))]);
    await sleep(pollInterval);
  }
  throw new MustredirectError('failed', `lab ${lab}: its processes do not end`);
}
