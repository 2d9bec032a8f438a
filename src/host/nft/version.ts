/** Checks that this version of nft supports our table. */
import { MustredirectError } from '../../error.ts';
import type { Output } from '../ports.ts';

/**
 * 0.9.8 refuses sets of an address and a device ("byteorder mismatch"), crashes when it lists counted elements, and
 * cannot read a transaction from a socket. The oldest version that was tried and works is 1.0.6; versions in between
 * are accepted.
 */
const lastThatFails = [0, 9, 8] as const;

/** @param output output of `nft -j` */
export function checkJson({ exitCode, stderr }: Output): void {
  if (exitCode === 0 || !stderr.includes('JSON support not compiled-in')) return;
  throw new MustredirectError('missing-tool', 'nft: built without JSON', {
    hint: 'install nftables with JSON (libjansson): Debian and Fedora have it so; `nft -V` shows it',
  });
}

/** @param text version in the output of nft; an absent or malformed one is accepted */
export function checkVersion(text = ''): void {
  const version = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (!version || isLater(version.slice(1).map((part) => Number(part ?? 0)))) return;
  throw new MustredirectError('missing-tool', `nft: ${version[0]} is too old`, {
    hint: `nftables later than ${lastThatFails.join('.')} is needed, and 1.0.6 or later is known to work`,
  });
}

function isLater(version: readonly number[]): boolean {
  const at = lastThatFails.findIndex((part, i) => part !== version[i]);
  return at >= 0 && (version[at] ?? 0) > (lastThatFails[at] ?? 0);
}
