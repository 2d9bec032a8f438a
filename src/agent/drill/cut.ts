/** Drops what this host sends by one member: forwarded packets, its own, and the probes of the agent. */
import { randomBytes } from 'node:crypto';
import { type Address, familyOf } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { makeOwnedTable } from '../../host/nft/owned-table.ts';
import type { LiveHost } from '../../verify/live-host.ts';

export interface Cut {
  /** Takes it back. */
  end(): Promise<void>;
}

const table = 'mustredirect_drill';

/** @param nextHops addresses of the member */
export async function cutMember(host: LiveHost, nextHops: readonly Address[]): Promise<Cut> {
  // The last chain has a random name: a chain of another drill must not be taken for it.
  const last = `ready_${randomBytes(4).toString('hex')}`;
  const made = await makeOwnedTable(host, table, cutCommands(nextHops, last), last);
  if (made.kind === 'made') return { end: async () => void (await made.owner.stop()) };
  if (/not permitted|exists/i.test(made.stderr)) {
    throw new MustredirectError('refused', 'another drill is in progress', {
      hint: 'wait until it has ended',
    });
  }
  throw made.error;
}

/** Before every other chain of the hook. */
function cutCommands(nextHops: readonly Address[], last: string): string {
  return [
    `create table inet ${table} { flags owner; }`,
    `add chain inet ${table} cut { type filter hook postrouting priority -500; policy accept; }`,
    ...nextHops.map(
      (hop) => `add rule inet ${table} cut rt ${familyOf(hop) === 4 ? 'ip' : 'ip6'} nexthop ${hop} drop`,
    ),
    `add chain inet ${table} ${last}`,
  ].join('; ');
}
