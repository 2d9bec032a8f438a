/** The cgroups of a lab's containers, where they need any: all below one of the lab's own. */
import type { Host } from '../host/ports.ts';

export function cgroupOf(lab: string): string {
  return `mustredirect-lab.${lab}`;
}

/** Removes those that a killed lab left behind; says whether there were any. */
export async function removeCgroups({ exec, files }: Host, lab: string): Promise<boolean> {
  const hierarchies = (await files.list('/sys/fs/cgroup')).map(
    (name) => `/sys/fs/cgroup/${name}/${cgroupOf(lab)}`,
  );
  const found = [];
  for (const folder of hierarchies) if ((await files.list(folder)).length > 0) found.push(folder);
  if (found.length === 0) return false;
  await exec.run(['find', ...found, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
  return true;
}
