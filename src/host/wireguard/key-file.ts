/**
 * Keys of WireGuard. They are given to nobody: a private key is read to name the public key that belongs to it, a preshared
 * key to compare its digest.
 */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyFile, PresharedKeyFile } from '../../state/facts.ts';
import { secretFault } from '../files/secret-file.ts';
import type { Files } from '../ports.ts';

/** Reads the public key that belongs to a private key; refuses a file that others could read. */
export async function readKeyFile(files: Files, path: string): Promise<KeyFile> {
  const fault = await secretFault(files, path, {
    what: 'private key',
    making: `make a key: (umask 077; wg genkey > ${path})`,
  });
  if (fault) return fault;
  const publicKey = publicKeyOf((await files.read(path)) ?? '');
  if (publicKey !== undefined) return { publicKey };
  return { error: 'it holds no private key', hint: `one line, as \`wg genkey\` prints it` };
}

/** Reads the digest of a preshared key; refuses a file that others could read. */
export async function readPresharedKeyFile(files: Files, path: string): Promise<PresharedKeyFile> {
  const fault = await secretFault(files, path, {
    what: 'preshared key',
    making: `write the key that the far end has, or make one: (umask 077; wg genpsk > ${path})`,
  });
  if (fault) return fault;
  const digest = presharedKeyDigest((await files.read(path)) ?? '');
  if (digest !== undefined) return { digest };
  return { error: 'it holds no preshared key', hint: 'one line, as `wg genpsk` prints it' };
}

/**
 * A key has 256 random bits, which no digest gives away; its first words keep it from being compared with other lists.
 *
 * @param text a key in base64; undefined for anything else
 */
export function presharedKeyDigest(text: string): string | undefined {
  const key = keyOf(text);
  return key && createHash('sha256').update('preshared key of mustredirect ').update(key).digest('hex');
}

/** RFC 8410: a private key of X25519 in PKCS #8, and a public one, are these bytes and the 32 of the key. */
const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const keyLength = 32;

/** @param text a private key in base64; undefined for anything else */
export function publicKeyOf(text: string): string | undefined {
  const key = keyOf(text);
  if (!key) return undefined;
  const secret = createPrivateKey({ key: Buffer.concat([pkcs8, key]), format: 'der', type: 'pkcs8' });
  const shared = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return shared.subarray(-keyLength).toString('base64');
}

function keyOf(text: string): Buffer | undefined {
  // wg takes what the file begins with.
  const line = text.replace(/[ \t\r\n]+$/, '');
  const key = Buffer.from(line, 'base64');
  return key.length === keyLength && key.toString('base64') === line ? key : undefined;
}
