/** Passwords of BGP (TCP MD5): the kernel drops what has a wrong one, and says nothing, to either side. */
import { isSignedWith } from '../../host/capture/routing/md5-signature.ts';
import type { BgpView, Segment } from './bgp-view.ts';
import type { Fault } from './view.ts';

const remedy =
  'both sides must have the same password, or none: write it to the file of `password_file:`, and run `mustredirect apply`';

/** A SYN of the neighbour shows whether it has a password, and whether it is ours. */
export function passwordFault(view: BgpView): Fault | undefined {
  const { settings, password, received, reached, address } = view;
  const file = settings.passwordFile;
  const segment = received.find(({ flags }) => flags.includes('syn'));
  if (segment) return bySegment(view, segment);
  if (file === undefined || password === undefined) return undefined;
  const answer = reached.get(address)?.connection;
  if (answer === 'accepted')
    return {
      cause: `it accepts a connection without a password, and drops those with the password in ${file}: it has none for this host`,
      remedy,
    };
  if (answer !== 'silent' || !reached.get(address)?.ping) return undefined;
  return {
    cause: `it answers ping, but no TCP segment that is signed with the password in ${file}, and none without a password`,
    remedy: `its password is another one, or a packet filter there drops TCP port ${settings.port}: ${remedy}`,
  };
}

function bySegment(
  { settings: { passwordFile: file }, password, local }: BgpView,
  { signed }: Segment,
): Fault | undefined {
  if (file === undefined) {
    if (!signed) return undefined;
    return {
      cause: 'it signs its TCP segments with a password (MD5), and the file has no `password_file:` for it',
      remedy,
    };
  }
  if (!signed)
    return {
      cause: `its TCP segments are not signed: it has no password for ${local ?? 'this host'}, and this host has that in ${file}`,
      remedy,
    };
  if (password === undefined || signed.covered.length === 0 || isSignedWith(signed, password))
    return undefined;
  return { cause: `it signs its TCP segments with another password than that in ${file}`, remedy };
}
