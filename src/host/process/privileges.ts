/** Whether this process may look at and change the network: told before anything is begun. */
import { MustredirectError } from '../../error.ts';
import type { Files } from '../ports.ts';

/** CAP_NET_ADMIN of linux/capability.h */
const netAdmin = 12n;

/** nft needs it to list as well. */
export async function requireNetAdmin(files: Files): Promise<void> {
  const status = (await files.read('/proc/self/status')) ?? '';
  const effective = /^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1];
  if (effective === undefined || ((BigInt(`0x${effective}`) >> netAdmin) & 1n) === 1n) return;
  const isRoot = /^Uid:\s+\d+\s+0\s/m.test(status);
  throw new MustredirectError(
    'not-permitted',
    isRoot ? 'root has no CAP_NET_ADMIN here' : 'only root can look at, and change, the network of this host',
    {
      hint: isRoot
        ? 'run it on the host itself, or give the container CAP_NET_ADMIN (and the host’s network)'
        : 'run it with sudo, or as root',
    },
  );
}
