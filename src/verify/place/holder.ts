/** The process that a temporary network namespace belongs to: it reads our pipe, and ends when we do. */
import { waitUntil } from '../../host/process/background.ts';
import { startError } from '../../host/process/exec.ts';
import type { Running } from '../../host/ports.ts';

// It tells its pid itself: ours would be another one's when something stands between.
export const holderArgv = ['unshare', '--net', '--', 'sh', '-c', 'echo $$; exec cat'];

export async function pidOf(holder: Running): Promise<number> {
  const tells = (): boolean => holder.said().stdout.includes('\n');
  await waitUntil(() => tells() || holder.ended(), 5000);
  if (!tells()) throw startError(holderArgv, await holder.stop());
  return Number(holder.said().stdout);
}
