/** Whether nft is one that understands our table. */
import { MustredirectError } from '../error.ts';
import { runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

/**
 * 0.9.8 refuses sets of an address and a device ("byteorder mismatch"), crashes when it lists counted
 * elements, and cannot read a transaction from a socket. The oldest that was tried and works is 1.0.6; what
 * is between is let pass.
 */
const lastThatFails = [0, 9, 8] as const;

export async function requireNft(exec: Exec): Promise<void> {
  const said = await runOrFail(exec, ['nft', '-V']);
  if (/^\s*json:\s*no/m.test(said)) {
    throw new MustredirectError('missing-tool', 'nft: built without JSON', {
      hint: 'install nftables with JSON (libjansson): Debian and Fedora have it so; `nft -V` shows it',
    });
  }
  const version = /\bv(\d+)\.(\d+)(?:\.(\d+))?/.exec(said);
  if (!version || isLater(version.slice(1).map((part) => Number(part ?? 0)))) return;
  throw new MustredirectError('missing-tool', `nft: ${version[0].slice(1)} is too old`, {
    hint: `nftables later than ${lastThatFails.join('.')} is needed, and 1.0.6 or later is known to work`,
  });
}

function isLater(version: readonly number[]): boolean {
  const at = lastThatFails.findIndex((part, i) => part !== version[i]);
  return at >= 0 && (version[at] ?? 0) > (lastThatFails[at] ?? 0);
}
