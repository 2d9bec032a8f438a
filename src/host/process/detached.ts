/** Starts a process that survives the terminal, shell and session of this one. */
import { spawn } from 'node:child_process';
import { started } from './background.ts';
import { runOrFail } from './exec.ts';
import type { Host } from '../ports.ts';
import { systemdRuns } from './systemd.ts';

export interface DetachedOptions {
  readonly argv: readonly string[];
  /** `NAME=value`, added to our environment */
  readonly settings: readonly string[];
  /** whether systemd, if it runs, may start the process: at log-out, systemd ends all processes of a session */
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
  await started(child, argv);
  child.unref();
}
