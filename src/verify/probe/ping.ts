/** ICMP echo requests, sent by whichever `ping` the host has. */
import { MustredirectError } from '../../error.ts';
import type { Exec } from '../../host/ports.ts';
import type { PingAnswer, Probe } from './probe.ts';

/** of iputils, and of busybox where that is all there is */
const programs = [['ping'], ['busybox', 'ping']];

/** @param exec runs programs where it is sent from */
export async function ping(exec: Exec, probe: Probe): Promise<PingAnswer> {
  const args = ['-c', '1', '-W', '1', '-I', probe.source, '-s', `${probe.size}`, probe.target];
  for (const program of programs) {
    try {
      const { stdout } = await exec.run([...program, ...args], { timeout: 5000 });
      return decodePing(stdout);
    } catch (error) {
      if (!(error instanceof MustredirectError && error.code === 'missing-tool')) throw error;
    }
  }
  return 'missing';
}

/** `108 bytes from 192.0.2.1: icmp_seq=1 ttl=63 time=0.422 ms` */
export function decodePing(stdout: string): number | undefined {
  const time = /bytes from .* time[=<]([\d.]+) ms/.exec(stdout)?.[1];
  return time === undefined ? undefined : Number(time);
}
