/** Version and daemon of docker. */
import type * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { infoSchema } from './schema.ts';

export interface DockerInfo {
  readonly version: string;
  /** docker drops packets to a container from devices other than its bridge, unless the network allows them */
  readonly dropsReplies: boolean;
  /** docker writes its rules with iptables instead of nft */
  readonly iptables: boolean;
}

const noReply = 'docker: the Docker daemon does not answer';
export const infoCommand = ['docker', 'info', '--format', '{{json .}}'];

type DaemonInfo = z.infer<typeof infoSchema>;

export async function readInfo(exec: Exec): Promise<DockerInfo> {
  const info = await queryDaemon(exec);
  const version = usableVersion(info);
  return {
    version,
    dropsReplies: isSince(version, 28, 2),
    iptables: !info.FirewallBackend?.Driver.startsWith('nftables'),
  };
}

/** Throws unless the daemon is the one of root on this machine, replies, and is new enough. */
function usableVersion({ ServerErrors, ServerVersion, SecurityOptions, ClientInfo }: DaemonInfo): string {
  const context = ClientInfo?.Context ?? 'default';
  if (context !== 'default') {
    const message = `docker: its context is ${context}, which may be another machine`;
    throw new MustredirectError('refused', message, {
      hint: '`docker context use default`, and unset DOCKER_CONTEXT',
    });
  }
  if (ServerErrors?.length) throw daemonError(`${noReply}: ${ServerErrors.join('; ')}`);
  // 28.5 prints an empty version.
  if (!ServerVersion) throw daemonError(noReply);
  if (SecurityOptions?.some((option) => option.split(',').includes('name=rootless'))) {
    throw new MustredirectError('not-permitted', 'docker: runs rootless here', {
      hint: 'use the daemon of root: rootless networks cannot be redirected',
    });
  }
  if (!isSince(ServerVersion, 20, 10)) {
    throw new MustredirectError('missing-tool', `docker ${ServerVersion}: too old`, {
      hint: 'install docker 20.10 or later',
    });
  }
  return ServerVersion;
}

/** Without a daemon, newer versions exit with an error, and older ones report it only in their output. */
async function queryDaemon(exec: Exec): Promise<DaemonInfo> {
  const output = await exec.run(infoCommand);
  if (output.exitCode === 0 || output.stdout.startsWith('{')) {
    return decodeJson(infoSchema, output.stdout, infoCommand.join(' '));
  }
  throw daemonError(commandError(infoCommand, output).message);
}

/** Whether a version is at least this one; text after the numbers is a distribution's suffix. */
function isSince(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}

function daemonError(what: string): MustredirectError {
  return new MustredirectError('failed', what, {
    hint: 'start it (`systemctl start docker`), or, where it listens elsewhere, set DOCKER_HOST',
  });
}
