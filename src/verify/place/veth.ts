/** The veth between this host and a temporary namespace. */
import { createHash } from 'node:crypto';
import type { Address } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { commandError, runOrFail } from '../../host/process/exec.ts';
import { type LiveHost, execIn } from '../live-host.ts';

export interface Veth {
  /** the host's end */
  readonly name: string;
  /** a process in the namespace of the other end */
  readonly pid: number;
  /** what the packets from there have as their source */
  readonly address: Address;
}

/** the other end */
export const insideLink = 'mrv0';

/** At most 15 characters, and the same for the same address. */
export function linkName(address: Address): string {
  return `mrv${createHash('sha256').update(address).digest('hex').slice(0, 10)}`;
}

/**
 * The host's end has the highest link-layer address that there is: a bridge takes the lowest of its ports as
 * its own, and must not change it because of us.
 */
export function outerMac({ name }: Veth): string {
  return `fe:ff:${uniquePart(name)}`;
}

export function innerMac({ name }: Veth): string {
  return `0a:ff:${uniquePart(name)}`;
}

function uniquePart(name: string): string {
  return [3, 5, 7, 9].map((at) => name.slice(at, at + 2)).join(':');
}

/** Throws `busy` when there is one for this address already: its name is the lock. */
export async function addVeth(host: LiveHost, veth: Veth): Promise<void> {
  const peer = ['peer', 'name', insideLink, 'address', innerMac(veth), 'netns', `${veth.pid}`];
  const argv = ['ip', 'link', 'add', veth.name, 'address', outerMac(veth), 'type', 'veth', ...peer];
  const output = await host.exec.run(argv);
  if (output.exitCode === 0) return;
  if (/File exists/.test(output.stderr)) {
    throw new MustredirectError('busy', `${veth.name}: another verification is using ${veth.address}`, {
      hint: 'try again when it has ended',
    });
  }
  throw commandError(argv, output);
}

/** Failures are passed over: the end of the namespace takes the link all the same. */
export async function deleteVeth(host: LiveHost, { name }: Veth): Promise<void> {
  await host.exec.run(['ip', 'link', 'delete', name]);
}

/** One `ip -batch` on this host. */
export async function configureOutside(host: LiveHost, commands: readonly string[]): Promise<void> {
  await runOrFail(host.exec, ['ip', '-batch', '-'], { input: lines(commands) });
}

/** One `ip -batch` in the namespace. */
export async function configureInside(
  host: LiveHost,
  { pid }: Veth,
  commands: readonly string[],
): Promise<void> {
  await runOrFail(execIn(host, pid), ['ip', '-batch', '-'], { input: lines(commands) });
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
