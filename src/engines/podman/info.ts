/** Version and network backend of podman. */
import { MustredirectError } from '../../error.ts';
import { runOrFail } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { infoSchema } from './schema.ts';

export interface PodmanInfo {
  readonly version: string;
  readonly backend: 'cni' | 'netavark';
}

export const infoCommand = ['podman', 'info', '--format', 'json'];

export async function readInfo(exec: Exec): Promise<PodmanInfo> {
  const { host, version } = decodeJson(infoSchema, await runOrFail(exec, infoCommand), infoCommand.join(' '));
  if (host.security?.rootless) {
    throw new MustredirectError('not-permitted', 'podman: runs rootless here', {
      hint: 'run it as root: rootless networks cannot be redirected',
    });
  }
  if (Number.parseInt(version.Version, 10) < 3) {
    throw new MustredirectError('missing-tool', `podman ${version.Version}: too old`, {
      hint: 'install podman 3.0 or later',
    });
  }
  const backend = host.networkBackend ?? 'cni';
  if (backend === 'cni' || backend === 'netavark') return { version: version.Version, backend };
  throw new MustredirectError('refused', `podman ${version.Version}: unknown network backend ${backend}`, {
    hint: 'set network_backend to netavark or cni in containers.conf',
  });
}
