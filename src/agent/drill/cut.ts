/** Drops what this host sends by one member: forwarded packets, its own, and the probes of the agent. */
import { type Address, familyOf } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { waitUntil } from '../../host/process/background.ts';
import { startError } from '../../host/process/exec.ts';
import type { LiveHost } from '../../verify/live-host.ts';

export interface Cut {
  /** Takes it back. */
  end(): Promise<void>;
}

const table = 'mustredirect_drill';
/** milliseconds until nft has made the table */
const patience = 10_000;

/**
 * nft owns the table and reads our pipe: the kernel removes the table when either of us ends, also by SIGKILL.
 *
 * @param nextHops addresses of the member
 */
export async function cutMember(host: LiveHost, nextHops: readonly Address[]): Promise<Cut> {
  // HOME keeps nft from writing its command history to the home directory.
  const owner = await host.background.start(['env', 'HOME=/dev/null', 'nft', '-i']);
  owner.write(`${cutCommands(nextHops)}\n`);
  const isThere = async (): Promise<boolean> =>
    (await host.exec.run(['nft', 'list', 'chain', 'inet', table, 'ready'])).exitCode === 0;
  const failed = (): boolean => owner.ended() || owner.output().stderr !== '';
  const made = await waitUntil(async () => failed() || (await isThere()), patience);
  if (made && !failed()) return { end: async () => void (await owner.stop()) };
  const output = await owner.stop();
  if (/not permitted|exists/i.test(output.stderr)) {
    throw new MustredirectError('refused', 'another drill is in progress', {
      hint: 'wait until it has ended',
    });
  }
  const [firstLine = ''] = output.stderr.split('\n');
  throw startError(['nft', '-i'], { ...output, stderr: firstLine, stdout: '' });
}

/** Before every other chain of the hook; the last command shows that all others have been carried out. */
function cutCommands(nextHops: readonly Address[]): string {
  return [
    `create table inet ${table} { flags owner; }`,
    `add chain inet ${table} cut { type filter hook postrouting priority -500; policy accept; }`,
    ...nextHops.map(
      (hop) => `add rule inet ${table} cut rt ${familyOf(hop) === 4 ? 'ip' : 'ip6'} nexthop ${hop} drop`,
    ),
    `add chain inet ${table} ready`,
  ].join('; ');
}
