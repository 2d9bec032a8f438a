/** The program itself, as it is built, on a test host. */
import { fileURLToPath } from 'node:url';
import type { Output } from '../../src/host/ports.ts';
import type { TestHost } from '../../src/lab/test-host.ts';

const program = fileURLToPath(new URL('../../bin/mustredirect', import.meta.url));

export function mustredirect(host: TestHost, ...args: readonly string[]): Promise<Output> {
  return host.exec.run([program, ...args]);
}

/** The same, where anything but success is an error with all that was said. */
export async function mustSucceed(host: TestHost, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mustredirect(host, ...args);
  if (exitCode !== 0)
    throw new Error(`mustredirect ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

/** All that a run may touch on a host, as text: equal texts are equal hosts. */
export async function dumpHost(host: TestHost): Promise<string> {
  const script = [
    'ip -4 rule show; ip -4 route show table all; ip -6 rule show; ip -6 route show table all',
    // What netavark or CNI do to iptables when containers come and go is not ours.
    'nft list table inet mustredirect 2>&1',
    'cat /proc/sys/net/ipv4/ip_forward; grep -r . /proc/sys/net/ipv4/conf | sort',
    'for f in $(find /etc/cni /etc/containers /var/lib/mustredirect /etc/mustredirect -type f | sort); do echo "$f"; cat "$f"; done',
  ].join('\n');
  return host.run(['sh', '-c', script]);
}
