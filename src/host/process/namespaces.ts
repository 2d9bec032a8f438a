/** Runs programs in other namespaces. */
import { missingProgram, programNotFound } from './missing-program.ts';
import type { Exec } from '../ports.ts';

/**
 * Command that runs a program in another network namespace, with all other namespaces unchanged.
 * @param where a process in it, or its file: `/run/netns/web`
 */
export function inNetwork(where: number | string, argv: readonly string[]): readonly string[] {
  const file = typeof where === 'number' ? `/proc/${where}/ns/net` : where;
  return ['nsenter', `--net=${file}`, '--', ...argv];
}

/** Command that runs a program in all namespaces of a process. */
export function inHost(pid: number, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--target=${pid}`, '--mount', '--net', '--pid', '--uts', '--cgroup', '--', ...argv];
}

/** Runs programs inside a namespace; a program missing there is the same error as one missing here. */
export function execInside(exec: Exec, enter: (argv: readonly string[]) => readonly string[]): Exec {
  return {
    async run(argv, options) {
      const output = await exec.run(enter(argv), options);
      if (output.exitCode === programNotFound && output.stderr.startsWith('nsenter: failed to execute')) {
        throw missingProgram(argv[0] ?? '');
      }
      return output;
    },
  };
}
