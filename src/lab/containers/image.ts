/** Image of the lab: busybox only, without a registry. */
import { MustredirectError } from '../../error.ts';
import type { TestHost } from '../test-host.ts';
import { imageFolder } from './containers.ts';

const makeScript = `
set -e
mkdir -p "$0/bin" "$0/tmp" "$0/proc" "$0/etc"
cp "$(command -v busybox)" "$0/bin/busybox"
chroot "$0" /bin/busybox --install -s /bin
`;

/** Creates the root file system that all containers of the host share. */
export async function makeImage(host: TestHost): Promise<void> {
  const output = await host.exec.run(['sh', '-c', makeScript, imageFolder]);
  if (output.exitCode === 0) return;
  throw new MustredirectError('missing-tool', `busybox: no statically linked one: ${output.stderr.trim()}`, {
    hint: 'apt-get install busybox-static',
  });
}
