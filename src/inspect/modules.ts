/** Modules of the kernel that tunnels need. Nothing is loaded here: a module would bring devices such as gre0. */
import { tunnelModules } from '../desired/routing/tunnel-device.ts';
import type { Files, Host } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';

type DeviceType = keyof typeof tunnelModules;

/** Modules that the kernel neither has nor can load, for devices of some types. */
export async function missingModules(host: Host, types: readonly DeviceType[]): Promise<string[]> {
  const isMissing = (await canLoad(host.files)) ? cannotBeLoaded : isUnknownType;
  const found = await Promise.all(
    [...new Set(types)].map(async (type) => ((await isMissing(host, type)) ? [tunnelModules[type]] : [])),
  );
  return found.flat();
}

/** A kernel whose folder of modules is gone, since a new one was installed, loads none. */
async function canLoad(files: Files): Promise<boolean> {
  const [release, disabled] = await Promise.all([
    files.read('/proc/sys/kernel/osrelease'),
    files.read('/proc/sys/kernel/modules_disabled'),
  ]);
  if (disabled?.trim() === '1') return false;
  return (await files.list(`/lib/modules/${release?.trim()}`)).includes('modules.dep');
}

/** last line of what modprobe prints, when it would load the module */
const loads = /^(?!install (\/usr)?\/bin\/(false|true)\b)./;

/**
 * modprobe is asked by the alias that the kernel asks by, since `blacklist` in /etc/modprobe.d is about aliases.
 * Unknown, and thus no obstacle, without modprobe, which minimal installations do not have.
 */
async function cannotBeLoaded({ exec, files }: Host, type: DeviceType): Promise<boolean> {
  if ((await files.list(`/sys/module/${tunnelModules[type]}`)).length > 0) return false;
  const dryRun = await ifInstalled(exec.run(['modprobe', '--dry-run', '--verbose', `rtnl-link-${type}`]));
  if (dryRun === undefined || dryRun.exitCode > 1) return false;
  return !loads.test(dryRun.stdout.trim().split('\n').at(-1) ?? '');
}

/** The device is tried in a network namespace of its own, which ends with the command. */
async function isUnknownType({ exec }: Host, type: DeviceType): Promise<boolean> {
  const argv = ['unshare', '--net', 'ip', 'link', 'add', 'probe', 'type', type];
  return (await ifInstalled(exec.run(argv)))?.stderr.includes('Unknown device type') ?? false;
}
