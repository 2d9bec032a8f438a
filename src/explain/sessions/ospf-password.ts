/** Passwords of OSPF: each packet shows whether it has one, of which kind, and in version 2 whether it is ours. */
import { isSignedWith } from '../../host/capture/routing/md5-signature.ts';
import { type Heard, type OspfView, nameOf } from './ospf-view.ts';
import type { Fault } from './view.ts';

export function authenticationFault(view: OspfView): Fault | undefined {
  const last = view.received.at(-1);
  const { passwordFile: file } = view.settings;
  if (!last) return undefined;
  const cause = authenticationCause(view, last, file);
  if (cause === undefined) return undefined;
  const [how, more] =
    last.version === 2
      ? ['keyed MD5', '']
      : ['HMAC-SHA-256 (RFC 7166)', '; OSPF for IPv6 with a password does not work with FRR 8.4'];
  return {
    cause: `${nameOf(view)} ${cause}`,
    remedy: `both sides must have the same password, as ${how} with key id 1, or none: it is in the file of \`password_file:\`${more}`,
  };
}

function authenticationCause(
  { received, password, messages }: OspfView,
  last: Heard,
  file: string | undefined,
): string | undefined {
  const { authentication } = received.findLast(({ type }) => type !== 'other') ?? last;
  if (file === undefined)
    return authentication === 'none'
      ? undefined
      : `sends a password (${authentication}), and the file has none`;
  if (authentication === 'none') return `sends no password, and this host has that in ${file}`;
  if (authentication === 'plain') return `sends its password as plain text, and this host expects keyed MD5`;
  const { signed } = last;
  if (signed && signed.keyId !== 1)
    return `has its password under key id ${signed.keyId}, and this host under 1`;
  if (signed && signed.digest.length !== 16) return 'signs its packets with another algorithm than keyed MD5';
  const wrong =
    signed && password !== undefined
      ? !isSignedWith(signed, password)
      : messages.some((text) => text.includes('Authentication failed'));
  return wrong ? `has another password than that in ${file}` : undefined;
}
