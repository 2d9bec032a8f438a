/** Reads and writes settings of the kernel in the network namespace that we run in. */
import type { Files } from './ports.ts';

const forwarding = 'net.ipv4.ip_forward';

/**
 * `ip_forward`, and what the kernel changes along with it [measured on 6.18]: `all.accept_redirects`, and
 * `forwarding` of every device and of those to come. Of the devices only those that differ are listed.
 */
export async function readForwarding(
  files: Files,
  devices: readonly string[],
): Promise<Record<string, string>> {
  const value = await readSysctl(files, forwarding);
  if (value === undefined) return {};
  const redirects = 'net.ipv4.conf.all.accept_redirects';
  const found: Record<string, string> = { [forwarding]: value };
  if (value !== '0') return found;
  found[redirects] = (await readSysctl(files, redirects)) ?? '0';
  for (const device of ['default', ...devices]) {
    const name = `net/ipv4/conf/${device}/forwarding`;
    if ((await readSysctl(files, name)) === '1') found[name] = '1';
  }
  return found;
}

/** A device that is gone has no setting any more. */
export async function writeSysctl(files: Files, name: string, value: string): Promise<void> {
  const current = await readSysctl(files, name);
  if (current === undefined || current === value) return;
  await files.overwrite(sysctlPath(name), `${value}\n`);
}

async function readSysctl(files: Files, name: string): Promise<string | undefined> {
  return (await files.read(sysctlPath(name)))?.trim();
}

/** As sysctl(8): a name with slashes may hold dots, for devices such as `eth0.7`. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;
}
