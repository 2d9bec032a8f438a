/** Version of nerdctl. */
import { MustredirectError } from '../../error.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';

export const versionCommand = ['nerdctl', '--version'];

/** `nerdctl version 1.7.6`, read without a daemon. Versions without option ip-masq are too old. */
export async function readVersion(exec: Exec): Promise<string> {
  const printed = await runOrFail(exec, versionCommand);
  const [version, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(printed) ?? [];
  if (version === undefined) {
    throw new MustredirectError('failed', `nerdctl --version: unexpected content: ${printed}`, {
      hint: 'nerdctl 1.7 and later are known to work',
    });
  }
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 7)) return version;
  throw new MustredirectError('missing-tool', `nerdctl ${version}: too old`, {
    hint: 'install nerdctl 1.7 or later',
  });
}
