/** Cgroups of a lab's containers, if they need any: all below one cgroup of the lab. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../error.ts';
import type { Files, Host } from '../host/ports.ts';

export function cgroupOf(lab: string): string {
  return `mustredirect-lab.${lab}`;
}

const pollInterval = 10;
const lastRound = 300;

/** Removes cgroups that a killed lab left behind; returns whether there were any. */
export async function removeCgroups({ exec, files }: Host, lab: string): Promise<boolean> {
  for (let round = 0; round <= lastRound; round++) {
    const found = await findCgroups(files, lab);
    if (found.length === 0) return round > 0;
    // A cgroup stays busy briefly after its last process ends: then rmdir fails, and the next round retries.
    await exec.run(['find', ...found, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
    await sleep(pollInterval);
  }
  throw new MustredirectError('failed', `lab ${lab}: its cgroups are still in use`, {
    hint: `see cgroup.procs in /sys/fs/cgroup/*/${cgroupOf(lab)}`,
  });
}

async function findCgroups(files: Files, lab: string): Promise<readonly string[]> {
  const hierarchies = await files.list('/sys/fs/cgroup');
  const folders = hierarchies.map((name) => `/sys/fs/cgroup/${name}/${cgroupOf(lab)}`);
  const contents = await Promise.all(folders.map((folder) => files.list(folder)));
  return folders.filter((_, index) => contents[index]?.length);
}
