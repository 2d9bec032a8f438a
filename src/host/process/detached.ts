/** Starts a process that nothing of what we were started by can take along: no terminal, no shell, no log-out. */
import { spawn } from 'node:child_process';
import { MustredirectError } from '../../error.ts';
import { runOrFail } from './exec.ts';
import type { Host } from '../ports.ts';
import { systemdRuns } from './systemd.ts';

export interface DetachedOptions {
  readonly argv: readonly string[];
  /** `NAME=value`, added to what we have */
  readonly settings: readonly string[];
  /** whether systemd, where it runs, may start it: in a session that it ends at log-out, it ends all that is left */
  readonly bySystemd: boolean;
  readonly name: string;
}

export async function startDetached(
  { exec, files }: Host,
  { argv, settings, bySystemd, name }: DetachedOptions,
): Promise<void> {
  if (bySystemd && (await systemdRuns(files))) {
    const environment = settings.map((setting) => `--setenv=${setting}`);
    await runOrFail(exec, [
      'systemd-run',
      '--quiet',
      '--collect',
      `--unit=${name}`,
      ...environment,
      '--',
      ...argv,
    ]);
    return;
  }
  const child = spawn('env', [...settings, ...argv], { detached: true, stdio: 'ignore', cwd: '/' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new MustredirectError('failed', `${argv.join(' ')}: cannot be started`, { cause }));
    });
  });
  child.unref();
}
