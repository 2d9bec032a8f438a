/**
 * Simulates docker 28.2 and later with the installed docker: its command reports another version, and the rules of the
 * later version are loaded by hand.
 */
import type { Output } from '../../src/host/ports.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { programPath } from './program.ts';

const shim = '/run/lab/shim';
const script = `#!/bin/sh
PATH=\${PATH#${shim}:}
docker "$@" | sed 's/"ServerVersion":"[^"]*"/"ServerVersion":"28.2.2"/'
`;

export async function installLaterDocker(host: TestHost): Promise<void> {
  await host.files.replace(`${shim}/docker`, script, 0o755);
}

/** Runs the program with the later docker in PATH. */
export function withLaterDocker(host: TestHost, ...args: readonly string[]): Promise<Output> {
  const command = `PATH=${shim}:$PATH exec "$@"`;
  return host.exec.run(['sh', '-c', command, 'sh', programPath, ...args]);
}

export function raw(host: TestHost, ...args: readonly string[]): Promise<string> {
  return host.run(['iptables', '-w', '-t', 'raw', ...args]);
}

/** Adds the rule that the later docker adds for each container that starts. */
export async function dropCalls(host: TestHost, bridge: string, address: string): Promise<void> {
  await raw(host, '-A', 'PREROUTING', '-d', `${address}/32`, '!', '-i', bridge, '-j', 'DROP');
}

/** Bridge of a network. */
export async function bridgeOf(host: TestHost, network: string): Promise<string> {
  const id = await host.run(['docker', 'network', 'inspect', '--format', '{{.Id}}', network]);
  return `br-${id.slice(0, 12)}`;
}
