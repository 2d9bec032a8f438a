/** What a run was measured on. */
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runOrFail } from '../src/host/process/exec.ts';
import type { Host } from '../src/host/ports.ts';
import type { Result } from './result.ts';

export function machineOf(): Result['machine'] {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

/**
 * @param root the folder of the project
 * @param node version of Node
 */
export async function versionsOf(
  { exec, files }: Host,
  root: string,
  node: string,
): Promise<Result['versions']> {
  const first = async (...argv: readonly string[]) => {
    const said = await runOrFail(exec, argv);
    return /\d+(\.\d+)+/.exec(said)?.[0] ?? said.trim();
  };
  const { version } = JSON.parse((await files.read(join(root, 'package.json'))) ?? '{}') as {
    version?: string;
  };
  const git = (...args: readonly string[]) => exec.run(['git', '-C', root, ...args]);
  const commit = (await git('describe', '--always', '--exclude=*')).stdout.trim();
  // What a run writes changes files too, but not what was measured.
  const changed = await git('diff', '--quiet', 'HEAD', '--', 'src', 'bin', 'build.js', 'package-lock.json');
  return {
    project: version ?? 'unknown',
    // A copy without its history has none.
    commit: commit ? `${commit}${changed.exitCode === 0 ? '' : '-dirty'}` : 'unknown',
    kernel: release(),
    nft: await first('nft', '--version'),
    iproute2: await first('ip', '-Version'),
    iptables: await first('iptables', '--version'),
    node,
  };
}
