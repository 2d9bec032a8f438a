import { describe, expect, it } from 'vitest';
import type { Host } from '../host/ports.ts';
import { chooseEngine } from './engine.ts';

interface Machine {
  readonly versions: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, readonly string[]>>;
}

const hybridCgroups = { '/sys/fs/cgroup': ['cpu', 'memory', 'unified'] };
const unifiedCgroups = { '/sys/fs/cgroup': ['cgroup.controllers', 'cgroup.procs'] };
const netavark = { '/usr/lib/podman': ['aardvark-dns', 'netavark'] };
const cni = { '/usr/lib/cni': ['bridge', 'portmap'] };

/** Machine that answers these commands, and fails on every other one. */
function machine({ versions, folders }: Machine): Host {
  const refuse = () => Promise.reject(new Error('not asked for'));
  return {
    exec: {
      async run(argv) {
        const program = argv.at(-1) ?? '';
        const version = versions[program];
        const stdout = version === undefined ? '' : `${program} version ${version}`;
        return { exitCode: stdout ? 0 : 1, stdout, stderr: '' };
      },
    },
    files: {
      list: async (path) => folders[path] ?? [],
      read: refuse,
      stat: refuse,
      replace: refuse,
      append: refuse,
      overwrite: refuse,
      remove: refuse,
    },
  };
}

describe('chooseEngine', () => {
  it('prefers podman with netavark when both backends are installed', async () => {
    const host = machine({
      versions: { podman: '4.3.1', runc: '1.1.5' },
      folders: { ...hybridCgroups, ...netavark, ...cni },
    });
    expect(await chooseEngine(host)).toEqual({
      engine: 'podman-netavark',
      runtime: 'runc',
      cgroups: true,
      reason: 'podman 4.3.1 with netavark',
    });
    expect(await chooseEngine(host, 'podman-cni')).toMatchObject({ engine: 'podman-cni' });
    expect(await chooseEngine(host, 'external')).toMatchObject({ engine: 'external' });
  });

  it('uses podman with CNI when only that is installed', async () => {
    const host = machine({
      versions: { podman: '3.4.4', runc: '1.1.0' },
      folders: { ...hybridCgroups, ...cni },
    });
    expect(await chooseEngine(host)).toMatchObject({ engine: 'podman-cni' });
  });

  it('uses crun without cgroups on a machine with cgroup v2 only', async () => {
    const host = machine({
      versions: { podman: '5.4.2', crun: '1.21' },
      folders: { ...unifiedCgroups, ...netavark, ...cni },
    });
    expect(await chooseEngine(host)).toMatchObject({ runtime: 'crun', cgroups: false });
    await expect(chooseEngine(host, 'podman-cni')).rejects.toThrow('podman-cni cannot run here');
  });

  it.each([
    ['podman', {}, 'podman is not installed'],
    ['a runtime', { podman: '4.3.1' }, 'podman needs runc here'],
    ['a backend', { podman: '4.3.1', runc: '1.1.5' }, 'podman 4.3.1 has no network backend'],
  ])('uses no engine, and gives the reason, when %s is missing', async (_, versions, reason) => {
    const choice = await chooseEngine(machine({ versions, folders: hybridCgroups }));
    expect(choice.engine).toBe('external');
    expect(choice.reason).toContain(reason);
  });
});
