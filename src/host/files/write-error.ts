/** Error messages for failed writes. */
import { dirname } from 'node:path';
import { type ErrorCode, MustredirectError } from '../../error.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: (folder: string) => string;
}

const forbidden: Meaning = {
  code: 'not-permitted',
  message: 'it may not be written',
  hint: (folder) =>
    `run it as root; \`ls -ld ${folder}\` and \`lsattr -d ${folder}\` show who may write there`,
};

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: forbidden,
  EPERM: forbidden,
  ELOOP: {
    code: 'refused',
    message: 'it is a symbolic link that mustredirect did not create',
    hint: (folder) => `look where it leads (\`ls -l ${folder}\`), then remove it`,
  },
  EROFS: {
    code: 'failed',
    message: 'its file system is read-only',
    hint: (folder) => `make it writable, then try again: \`findmnt -T ${folder}\` shows where it is mounted`,
  },
  ENOSPC: {
    code: 'failed',
    message: 'no space left on its file system',
    hint: (folder) => `make room, then try again: \`df ${folder}\` and \`df -i ${folder}\` show what is full`,
  },
  EDQUOT: {
    code: 'failed',
    message: 'the disk quota is used up',
    hint: (folder) => `make room, then try again: \`quota\` shows the limits of ${folder}`,
  },
};

/** @returns errors other than those of writing unchanged */
export function writeError(path: string, error: unknown): unknown {
  const meaning = meanings[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (!meaning) return error;
  const { code, message, hint } = meaning;
  return new MustredirectError(code, `${path}: ${message}`, { hint: hint(dirname(path)), cause: error });
}
