/** The user of this process. */
import { stat } from 'node:fs/promises';

/** effective user, who owns our folder in /proc */
export async function ownUser(): Promise<number> {
  return (await stat('/proc/self')).uid;
}
