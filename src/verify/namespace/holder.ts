/** Process that owns a temporary network namespace: it reads our pipe, and ends when we end. */
import { waitUntil } from '../../host/process/background.ts';
import { startError } from '../../host/process/exec.ts';
import type { Running } from '../../host/ports.ts';

// The shell prints its own pid: the pid of our child may be that of a wrapper.
export const holderArgv = ['unshare', '--net', '--', 'sh', '-c', 'echo $$; exec cat'];

export async function pidOf(holder: Running): Promise<number> {
  const tells = (): boolean => holder.output().stdout.includes('\n');
  await waitUntil(() => tells() || holder.ended(), 5000);
  if (!tells()) throw startError(holderArgv, await holder.stop());
  return Number(holder.output().stdout);
}
