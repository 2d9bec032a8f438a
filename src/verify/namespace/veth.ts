/** veth between this host and a temporary namespace. */
import { createHash } from 'node:crypto';
import type { Address } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { commandError, runOrFail } from '../../host/process/exec.ts';
import { type LiveHost, execIn } from '../live-host.ts';

export interface Veth {
  /** end on the host */
  readonly name: string;
  /** a process in the namespace with the other end */
  readonly pid: number;
  /** source address of packets from there */
  readonly address: Address;
}

/** end in the namespace */
export const insideLink = 'mrv0';

/** At most 15 characters, and the same for the same address. */
export function linkName(address: Address): string {
  return `mrv${createHash('sha256').update(address).digest('hex').slice(0, 10)}`;
}

/**
 * MAC address of the host's end: the highest possible one, and the same for all. A bridge takes the lowest MAC address of
 * its ports, and must not change it because of this port; nor, where verifications are the only ports, because one of
 * them ends: packets of the others to its old address would leave by every port.
 */
export const outerMac = 'fe:ff:ff:ff:ff:ff';

export function innerMac({ name }: Veth): string {
  return `0a:ff:${[3, 5, 7, 9].map((at) => name.slice(at, at + 2)).join(':')}`;
}

/** Throws `busy` when a veth for this address exists: its name is the lock. */
export async function addVeth(host: LiveHost, veth: Veth): Promise<void> {
  const peer = ['peer', 'name', insideLink, 'address', innerMac(veth), 'netns', `${veth.pid}`];
  const argv = ['ip', 'link', 'add', veth.name, 'address', outerMac, 'type', 'veth', ...peer];
  const output = await host.exec.run(argv);
  if (output.exitCode === 0) return;
  if (/File exists/.test(output.stderr)) {
    throw new MustredirectError('busy', `${veth.name}: another verification is using ${veth.address}`, {
      hint: 'try again when it has ended',
    });
  }
  throw commandError(argv, output);
}

/** Ignores failures: the end of the namespace removes the link, too. */
export async function deleteVeth(host: LiveHost, { name }: Veth): Promise<void> {
  await host.exec.run(['ip', 'link', 'delete', name]);
}

/** Runs one `ip -batch` on this host. */
export async function configureHost(host: LiveHost, commands: readonly string[]): Promise<void> {
  await runOrFail(host.exec, ['ip', '-batch', '-'], { input: lines(commands) });
}

/** Runs one `ip -batch` in the namespace. */
export async function configureNamespace(
  host: LiveHost,
  { pid }: Veth,
  commands: readonly string[],
): Promise<void> {
  await runOrFail(execIn(host, pid), ['ip', '-batch', '-'], { input: lines(commands) });
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
