/** Who may ask the API by TCP: whoever has the token, or, without one, a program of this host. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { MustredirectError } from '../../error.ts';
import { secretFault } from '../../host/files/secret-file.ts';
import type { Files } from '../../host/ports.ts';
import { type ListenAddress, isLoopback, listenText } from './listen-address.ts';

/** Returns the status of a refusal; undefined: the request is answered. */
export type Access = (request: Pick<IncomingMessage, 'headers'>) => 401 | 403 | undefined;

/** characters: 16 random ones cannot be guessed */
const shortestToken = 16;
const making = (path: string): string =>
  `make one: (umask 077; head -c 32 /dev/urandom | base64 -w0 >${path})`;

/**
 * Reads the token file.
 *
 * @throws `refused`: the file cannot be used, or an address that is not loopback has none
 */
export async function readAccess(
  files: Files,
  listen: ListenAddress,
  tokenFile: string | undefined,
): Promise<Access> {
  if (tokenFile !== undefined) return tokenAccess(await readToken(files, tokenFile));
  if (isLoopback(listen)) return localAccess;
  throw new MustredirectError(
    'refused',
    `${listenText(listen)} is not loopback: anybody could ask the agent`,
    {
      hint: 'give --token-file, or listen on 127.0.0.1',
    },
  );
}

/** Compares digests, which have one length, in constant time. */
function tokenAccess(token: string): Access {
  const wanted = digestOf(token);
  return ({ headers }) => {
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
    return timingSafeEqual(digestOf(given), wanted) ? undefined : 401;
  };
}

/**
 * A web page may let its name lead to 127.0.0.1, and would then be able to read what a browser on this host gets. The
 * browser still says its name.
 */
const localAccess: Access = ({ headers: { host = '' } }) => {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isIP(name) !== 0 ? undefined : 403;
};

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function readToken(files: Files, path: string): Promise<string> {
  const fault = await secretFault(files, path, { what: 'token', making: making(path) });
  if (fault) throw new MustredirectError('refused', `${path}: ${fault.error}`, { hint: fault.hint });
  const token = ((await files.read(path)) ?? '').trim();
  if (token.length >= shortestToken && /^[\u0021-\u007e]+$/.test(token)) return token;
  throw new MustredirectError(
    'refused',
    `${path}: no token of ${shortestToken} or more printable characters`,
    {
      hint: making(path),
    },
  );
}
