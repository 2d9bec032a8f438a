/** Sends ICMP echo requests with the `ping` that is installed. */
import { ifInstalled } from '../../host/process/missing-program.ts';
import type { Exec } from '../../host/ports.ts';
import type { PingReply, Probe } from './probe.ts';

/** ping of iputils, else of busybox */
const programs = [['ping'], ['busybox', 'ping']];

/**
 * @param exec runs programs in the sender's namespace
 * @param probe its source is an address or a device
 */
export async function ping(exec: Exec, probe: Pick<Probe, 'source' | 'size' | 'target'>): Promise<PingReply> {
  const args = ['-c', '1', '-W', '1', '-I', probe.source, '-s', `${probe.size}`, probe.target];
  for (const program of programs) {
    const output = await ifInstalled(exec.run([...program, ...args], { timeout: 5000 }));
    if (output) return decodePing(output.stdout);
  }
  return 'missing';
}

/** `108 bytes from 192.0.2.1: icmp_seq=1 ttl=63 time=0.422 ms` */
export function decodePing(stdout: string): number | undefined {
  const time = /bytes from .* time[=<]([\d.]+) ms/.exec(stdout)?.[1];
  return time === undefined ? undefined : Number(time);
}
