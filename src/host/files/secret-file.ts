/** Checks that a file with a secret is a regular file of root, which nobody else can read. */
import type { Files } from '../ports.ts';

export interface SecretFault {
  readonly error: string;
  /** what to do */
  readonly hint: string;
}

export async function secretFault(
  files: Files,
  path: string,
  { what, making }: { readonly what: string; readonly making: string },
): Promise<SecretFault | undefined> {
  const found = await files.stat(path);
  if (!found) return { error: 'there is no such file', hint: making };
  if (!found.isFile) return { error: 'it is not a file', hint: `write the path of a file with a ${what}` };
  if (found.uid !== 0) return { error: `it belongs to user ${found.uid}`, hint: `chown root ${path}` };
  if ((found.mode & 0o7177) === 0) return undefined;
  return {
    error: `it has mode ${found.mode.toString(8).padStart(4, '0')}`,
    hint: `chmod 600 ${path}; if others may have read it, make a new ${what === 'private key' ? 'key' : what}`,
  };
}
