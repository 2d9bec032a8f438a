/** Version and daemon of docker. */
import type * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { infoSchema } from './schema.ts';

export interface DockerInfo {
  readonly version: string;
  /** what comes to a container by another device than its bridge is dropped, where the network does not say otherwise */
  readonly dropsAnswers: boolean;
  /** its rules are in iptables, not in nft */
  readonly iptables: boolean;
}

const silent = 'docker: the Docker daemon does not answer';
const argv = ['docker', 'info', '--format', '{{json .}}'];

export async function readInfo(exec: Exec): Promise<DockerInfo> {
  const {
    ServerErrors,
    ServerVersion: version,
    SecurityOptions,
    FirewallBackend,
    ClientInfo,
  } = await askDaemon(exec);
  const context = ClientInfo?.Context ?? 'default';
  if (context !== 'default') {
    throw new MustredirectError(
      'refused',
      `docker: its context is ${context}, which may be another machine`,
      {
        hint: '`docker context use default`, and unset DOCKER_CONTEXT',
      },
    );
  }
  if (ServerErrors?.length) throw silentDaemon(`${silent}: ${ServerErrors.join('; ')}`);
  // 28.5 prints an empty version.
  if (!version) throw silentDaemon(silent);
  if (SecurityOptions?.some((option) => option.split(',').includes('name=rootless'))) {
    throw new MustredirectError('not-permitted', 'docker: runs rootless here', {
      hint: 'use the daemon of root: rootless networks cannot be redirected',
    });
  }
  if (!isSince(version, 20, 10)) {
    throw new MustredirectError('missing-tool', `docker ${version}: too old`, {
      hint: 'install docker 20.10 or later',
    });
  }
  return {
    version,
    dropsAnswers: isSince(version, 28, 2),
    iptables: !FirewallBackend?.Driver.startsWith('nftables'),
  };
}

/** Where no daemon answers, newer ones fail, and older ones say so in their answer alone. */
async function askDaemon(exec: Exec): Promise<z.infer<typeof infoSchema>> {
  const output = await exec.run(argv);
  if (output.exitCode === 0 || output.stdout.startsWith('{')) {
    return decodeJson(infoSchema, output.stdout, argv.join(' '));
  }
  throw silentDaemon(commandError(argv, output).message);
}

/** Whether a version is this one or a later one; what comes after its numbers is a distribution's. */
function isSince(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}

function silentDaemon(what: string): MustredirectError {
  return new MustredirectError('failed', what, {
    hint: 'start it (`systemctl start docker`), or, where it listens elsewhere, set DOCKER_HOST',
  });
}
