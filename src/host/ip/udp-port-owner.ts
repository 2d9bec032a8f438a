/** Tells who has a UDP port of this host. */
import type { Exec } from '../ports.ts';
import { runOrFail } from '../process/exec.ts';

/** @returns `nc (process 4711)`; `the kernel` for a tunnel device; undefined when the port is free */
export async function udpPortOwner(exec: Exec, port: number): Promise<string | undefined> {
  const printed = await runOrFail(exec, [
    'ss',
    '--no-header',
    '--listening',
    '--udp',
    '--numeric',
    '--processes',
    `sport = :${port}`,
  ]);
  if (printed.trim() === '') return undefined;
  const [, name, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(printed) ?? [];
  return name === undefined ? 'the kernel' : `${name.replace(/[^ -~]/g, '?')} (process ${pid})`;
}
