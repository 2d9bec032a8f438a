/** Queries to systemd. */
import { MustredirectError } from '../../error.ts';
import { runOrFail } from './exec.ts';
import type { Exec, Files } from '../ports.ts';

/** Where the administrator's units are. */
export const unitFolder = '/etc/systemd/system';

/** As sd_booted(3) finds out: the folder is there, be it empty. */
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

/** Links them anew, so that no link stays that an older [Install] section asked for, and reads all units again. */
export async function enableUnits(exec: Exec, units: readonly string[]): Promise<void> {
  await runOrFail(exec, ['systemctl', 'reenable', ...units]);
}

export async function disableUnits(exec: Exec, units: readonly string[]): Promise<void> {
  await runOrFail(exec, ['systemctl', 'disable', ...units]);
}

/** Reads all units again. */
export async function reloadUnits(exec: Exec): Promise<void> {
  await runOrFail(exec, ['systemctl', 'daemon-reload']);
}

/** Fails when systemd can make nothing of one of them: the path of a program with quotes in it is enough. */
export async function checkLoaded(exec: Exec, units: readonly string[]): Promise<void> {
  for (const unit of units) {
    const state = await runOrFail(exec, ['systemctl', 'show', '--property=LoadState', '--value', unit]);
    if (state.trim() === 'loaded') continue;
    throw new MustredirectError('failed', `${unit}: systemd does not load it: ${state.trim()}`, {
      hint: '`journalctl -b _PID=1` says why',
    });
  }
}
