/** The error of a program that is not installed. */
import { MustredirectError } from '../../error.ts';

/** Debian's package of a program, where it has another name */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  flock: 'util-linux',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  ping: 'iputils-ping',
};

/** exit status of a shell, of env and of nsenter that cannot find the program they should become */
export const programNotFound = 127;

export function missingProgram(program: string, cause?: unknown): MustredirectError {
  return new MustredirectError('missing-tool', `${program}: no such program`, {
    hint: `install it (apt-get install ${packages[program] ?? program}), or check PATH`,
    cause,
  });
}
