/** Error of a program that is not installed. */
import { MustredirectError } from '../../error.ts';
import type { Output } from '../ports.ts';

/** Debian package of a program, where the names differ */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  flock: 'util-linux',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  ping: 'iputils-ping',
  ss: 'iproute2',
  wg: 'wireguard-tools',
  bird: 'bird2',
  birdc: 'bird2',
};

/** exit status of a shell, env or nsenter that cannot find a program */
export const programNotFound = 127;

/** Undefined when the program is not installed. */
export async function ifInstalled(output: Promise<Output>): Promise<Output | undefined> {
  try {
    return await output;
  } catch (error) {
    if (error instanceof MustredirectError && error.code === 'missing-tool') return undefined;
    throw error;
  }
}

export function missingProgram(program: string, cause?: unknown): MustredirectError {
  return new MustredirectError('missing-tool', `${program}: no such program`, {
    hint: `install it (apt-get install ${packages[program] ?? program}), or check PATH`,
    cause,
  });
}
