import { describe, expect, it } from 'vitest';
import { createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { missingProgram } from '../host/process/missing-program.ts';
import { missingModules } from './modules.ts';

interface Kernel {
  readonly files?: Readonly<Record<string, string>>;
  /** what `modprobe --dry-run` does; undefined: it is not installed */
  readonly modprobe?: { readonly exitCode: number; readonly stdout?: string };
  /** what the kernel says to a device of this type in another network namespace */
  readonly attempt?: string;
}

const withFolder = { '/lib/modules/6.1.0/modules.dep': '' };

async function missingOn({ files = {}, modprobe, attempt }: Kernel): Promise<readonly string[]> {
  const all = { '/proc/sys/kernel/osrelease': '6.1.0\n', ...files };
  const host = createFakeHost({ links: [], files: new Map(Object.entries(all)) });
  const run: typeof host.exec.run = async (argv) => {
    if (argv[0] === 'unshare' && attempt !== undefined) return { exitCode: 2, stdout: '', stderr: attempt };
    if (argv[0] === 'modprobe' && modprobe) return { stdout: '', stderr: '', ...modprobe };
    throw missingProgram(argv[0] ?? '');
  };
  return missingModules({ ...host, exec: { run } }, ['ip6gre']);
}

describe('a module is missing', () => {
  it.each<[string, Kernel]>([
    ['when modprobe does not find it', { files: withFolder, modprobe: { exitCode: 1 } }],
    [
      'when an install line ends otherwise',
      { files: withFolder, modprobe: { exitCode: 0, stdout: 'insmod /a/gre.ko \ninstall /bin/false \n' } },
    ],
    ['when it is on the blacklist', { files: withFolder, modprobe: { exitCode: 0 } }],
    ['when the folder of this kernel is gone', { attempt: 'Error: Unknown device type.' }],
    [
      'when no module may be loaded any more',
      {
        files: { ...withFolder, '/proc/sys/kernel/modules_disabled': '1\n' },
        modprobe: { exitCode: 0 },
        attempt: 'Error: Unknown device type.',
      },
    ],
  ])('%s', async (_, kernel) => {
    expect(await missingOn(kernel)).toEqual(['ip6_gre']);
  });
});

describe('a module is not missing', () => {
  it.each<[string, Kernel]>([
    [
      'when modprobe finds it',
      { files: withFolder, modprobe: { exitCode: 0, stdout: 'insmod /a/gre.ko \ninsmod /a/ip6_gre.ko \n' } },
    ],
    [
      'when it is loaded',
      { files: { ...withFolder, '/sys/module/ip6_gre/refcnt': '0' }, modprobe: { exitCode: 1 } },
    ],
    ['when modprobe is not installed', { files: withFolder }],
    ['when modprobe is killed', { files: withFolder, modprobe: { exitCode: 137 } }],
    ['when it is built in', { attempt: '' }],
    ['when the kernel says something else', { attempt: 'RTNETLINK answers: File exists' }],
    ['when it cannot be tried', {}],
  ])('%s', async (_, kernel) => {
    expect(await missingOn(kernel)).toEqual([]);
  });
});
