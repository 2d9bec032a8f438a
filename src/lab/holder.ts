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
  /** lines of a path below /proc/sys and its value */
  readonly sysctls: readonly string[];
  /** the cgroup that becomes the root of the host's cgroups, where there is need of one */
  readonly cgroup?: string | undefined;
}

export interface Holder {
  readonly pid: number;
  /** Lets the host live on when we end. Without it, it ends with us. */
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
  letGo(child);
  const pid = (await findHolders(files, options.lab)).find(
    ({ host, init }) => init && host === options.host,
  )?.pid;
  if (pid === undefined)
    throw new MustredirectError('failed', `lab ${options.lab}: ${options.host} went away`);
  return { pid, keep: () => new Promise((resolve) => child.stdin.end('keep\n', () => resolve())) };
}

/** Resolves when the host says `ready`, and rejects with what it said when it ends before. */
async function ready(child: ChildProcessWithoutNullStreams, { lab, host }: HolderOptions): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', () => {
      reject(new MustredirectError('failed', `lab ${lab}: ${host} cannot be made: ${said.trim()}`));
    });
  });
}

/** The host must not keep us from ending. */
function letGo(child: ChildProcessWithoutNullStreams): void {
  child.unref();
  child.stdout.destroy();
  child.stderr.destroy();
  // A pipe is a socket to Node, whatever its type says.
  (child.stdin as Socket).unref();
  child.stdin.on('error', () => {});
}

export interface FoundHolder {
  readonly lab: string;
  readonly host: string;
  readonly pid: number;
  /** the host's first process itself, not one on the way to it */
  readonly init: boolean;
}

/** Every process that holds a host of the lab, or is about to: known by what it was started as. */
export async function findHolders(files: Files, lab: string): Promise<readonly FoundHolder[]> {
  const pids = (await files.list('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => readHolder(files, pid)));
  return found.filter((holder) => holder !== undefined).filter((holder) => holder.lab === lab);
}

async function readHolder(files: Files, pid: number): Promise<FoundHolder | undefined> {
  const argv = (await readOfProcess(files, `/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  const [mark, lab = '', host = ''] = argv.slice(-3);
  if (mark !== holderMark || !['sh', 'unshare'].includes(argv[0] ?? '')) return undefined;
  const status = await readOfProcess(files, `/proc/${pid}/status`);
  return { lab, host, pid, init: /^NSpid:\t\d.*\t1$/m.test(status) };
}

/** Nothing when the process ended meanwhile. */
async function readOfProcess(files: Files, path: string): Promise<string> {
  try {
    return (await files.read(path)) ?? '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return '';
    throw error;
  }
}

const pollInterval = 10;
/** Time for the outer processes to clean up and end by themselves. */
const graceRounds = 50;
const lastRound = 500;

/** Kills the lab's hosts and whatever runs in them, and waits until all of it is gone. */
export async function endHolders({ exec, files }: Host, lab: string): Promise<void> {
  for (let round = 0; round <= lastRound; round++) {
    const holders = await findHolders(files, lab);
    if (holders.length === 0) return;
    const inits = holders.filter(({ init }) => init);
    const doomed = inits.length > 0 || round < graceRounds ? inits : holders;
    // One that has ended meanwhile makes it fail: the next round tells.
    if (doomed.length > 0) await exec.run(['kill', '-KILL', ...doomed.map(({ pid }) => String(pid))]);
    await sleep(pollInterval);
  }
  throw new MustredirectError('failed', `lab ${lab}: its processes do not end`);
}
