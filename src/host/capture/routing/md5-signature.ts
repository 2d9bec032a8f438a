/** Packets that carry an MD5 digest of themselves and a password. */
import { createHash } from 'node:crypto';

export interface Signed {
  /** bytes that the digest covers, without the password behind them */
  readonly covered: Buffer;
  /** OSPF fills the password up to this length with zeros, and cuts a longer one */
  readonly passwordLength?: number;
  readonly digest: Buffer;
}

export function isSignedWith({ covered, passwordLength, digest }: Signed, password: string): boolean {
  const plain = Buffer.from(password);
  const key =
    passwordLength === undefined
      ? plain
      : Buffer.concat([plain, Buffer.alloc(passwordLength)]).subarray(0, passwordLength);
  return createHash('md5').update(covered).update(key).digest().equals(digest);
}
