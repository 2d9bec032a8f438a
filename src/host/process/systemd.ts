/** Queries and commands to systemd. */
import { MustredirectError } from '../../error.ts';
import { runOrFail } from './exec.ts';
import type { Exec, Files } from '../ports.ts';

/** Folder of the administrator's units. */
export const unitFolder = '/etc/systemd/system';

/** Checks for the folder like sd_booted(3); it may be empty. */
export async function systemdRuns(files: Files): Promise<boolean> {
  return (await files.list('/run/systemd')).includes('system');
}

export async function areEnabled(exec: Exec, units: readonly string[]): Promise<boolean> {
  for (const unit of units) {
    const { exitCode } = await exec.run(['systemctl', 'is-enabled', '--quiet', unit]);
    if (exitCode !== 0) return false;
  }
  return true;
}

/** Recreates the links, so that none of an older [Install] section stays, and reloads all units. */
export async function enableUnits(exec: Exec, units: readonly string[]): Promise<void> {
  await runOrFail(exec, ['systemctl', 'reenable', ...units]);
}

export async function disableUnits(exec: Exec, units: readonly string[]): Promise<void> {
  await runOrFail(exec, ['systemctl', 'disable', ...units]);
}

export async function isActive(exec: Exec, unit: string): Promise<boolean> {
  return (await exec.run(['systemctl', 'is-active', '--quiet', unit])).exitCode === 0;
}

/** Starts it, anew if it runs, and waits until it says that it is ready. */
export async function restartUnit(exec: Exec, unit: string): Promise<void> {
  await runOrFail(exec, ['systemctl', 'restart', unit], { timeout: startTimeout });
}

/** milliseconds; longer than systemd's own limit, by which it ends what does not start */
const startTimeout = 100_000;

export async function stopUnit(exec: Exec, unit: string): Promise<void> {
  await runOrFail(exec, ['systemctl', 'stop', unit]);
}

export async function reloadUnits(exec: Exec): Promise<void> {
  await runOrFail(exec, ['systemctl', 'daemon-reload']);
}

/** Tells systemd, when it has started us: `READY=1`, `WATCHDOG=1`, `STATUS=...`. */
export async function notifySystemd(
  exec: Exec,
  env: Readonly<Record<string, string | undefined>>,
  message: string,
): Promise<void> {
  const { NOTIFY_SOCKET: socket } = env;
  if (socket === undefined || socket === '') return;
  await exec.run(['env', `NOTIFY_SOCKET=${socket}`, 'systemd-notify', message]);
}

/** Throws when systemd cannot parse a unit, for example because the program's path contains quotes. */
export async function checkLoaded(exec: Exec, units: readonly string[]): Promise<void> {
  for (const unit of units) {
    const state = await runOrFail(exec, ['systemctl', 'show', '--property=LoadState', '--value', unit]);
    if (state.trim() === 'loaded') continue;
    throw new MustredirectError('failed', `${unit}: systemd does not load it: ${state.trim()}`, {
      hint: '`journalctl -b _PID=1` says why',
    });
  }
}
