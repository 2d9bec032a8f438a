/** Checks the privilege to change the network before a run begins. */
import { MustredirectError } from '../../error.ts';
import type { Files } from '../ports.ts';

/** CAP_NET_ADMIN of linux/capability.h */
const netAdmin = 12n;

/** nft needs the capability to list, too. */
export async function requireNetAdmin(files: Files): Promise<void> {
  const status = (await files.read('/proc/self/status')) ?? '';
  const effective = /^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1];
  if (effective === undefined || ((BigInt(`0x${effective}`) >> netAdmin) & 1n) === 1n) return;
  if (/^Uid:\s+\d+\s+0\s/m.test(status)) {
    throw new MustredirectError('not-permitted', 'root has no CAP_NET_ADMIN here', {
      hint: 'run it on the host itself, or give the container CAP_NET_ADMIN (and the host’s network)',
    });
  }
  throw new MustredirectError(
    'not-permitted',
    'only root can look at, and change, the network of this host',
    {
      hint: 'run it with sudo, or as root',
    },
  );
}
