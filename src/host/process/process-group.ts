/** Sends signals to a program and all processes that it started: each program leads a process group. */
import { type ChildProcess, spawn } from 'node:child_process';

export function signalGroup({ pid }: ChildProcess, signal: 'TERM' | 'KILL'): void {
  if (pid === undefined) return;
  const argv = ['-c', 'kill -s "$1" -- "-$2"', 'sh', signal, String(pid)];
  spawn('sh', argv, { stdio: 'ignore' }).on('error', () => {});
}

/** A child may have left the group and kept our pipes open: they are closed. */
export function killGroup(child: ChildProcess): void {
  signalGroup(child, 'KILL');
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}
