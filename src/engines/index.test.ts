import { describe, expect, it } from 'vitest';
import { askEngines, createEngines, readAllNetworks } from './index.ts';
import { recordedHost } from './recorded-host.ts';

describe('engines', () => {
  const engines = createEngines({});
  const host = recordedHost({
    answers: {
      'podman info --format json': '{"host":{"networkBackend":"netavark"},"version":{"Version":"4.3.1"}}',
      'podman ps --all --format json': '[]',
    },
  });

  it('answers for all engines in the order of the requests', async () => {
    const found = await readAllNetworks(host, engines, [
      { engine: 'external', name: 'lxd', subnets: ['10.1.0.0/24'] },
      { engine: 'podman', name: 'a', subnets: ['10.2.0.0/24'] },
      { engine: 'external', name: 'virt', subnets: ['10.3.0.0/24', 'fd00:3::/64'] },
    ]);
    expect(found).toMatchObject([
      { engine: 'external', name: 'lxd', exists: true, subnets: ['10.1.0.0/24'], attached: [] },
      { engine: 'podman', name: 'a', exists: false, subnets: [] },
      { engine: 'external', name: 'virt', exists: true, subnets: ['10.3.0.0/24', 'fd00:3::/64'] },
    ]);
  });

  it('names those that do not answer, and asks the others all the same', async () => {
    const answers = {
      'podman info --format json': '{"host":{"networkBackend":"netavark"},"version":{"Version":"4.3.1"}}',
      'podman ps --all --format json': '[]',
      'docker info --format {{json .}}': { exitCode: 1, stdout: '', stderr: 'Cannot connect' },
    };
    const asked = [
      { engine: 'docker', name: 'a', subnets: ['10.1.0.0/24'] },
      { engine: 'podman', name: 'b', subnets: ['10.2.0.0/24'] },
    ] as const;
    const { networks, silentEngines } = await askEngines(recordedHost({ answers }), engines, asked);
    expect(networks).toMatchObject([{ name: 'b', exists: false }]);
    expect(silentEngines).toEqual({
      docker: {
        why: expect.stringContaining('Cannot connect') as string,
        hint: expect.any(String) as string,
      },
    });
    await expect(readAllNetworks(recordedHost({ answers }), engines, asked)).rejects.toThrow(
      'Cannot connect',
    );
  });

  it('runs nothing when nothing is asked', async () => {
    expect(await readAllNetworks(recordedHost({}), engines, [])).toEqual([]);
  });

  it('creates, removes, asks and edits nothing of an external network', () => {
    const { external } = engines;
    expect(external.createCommand({ name: 'lxd', subnets: [] })).toBeUndefined();
    expect(external.removeCommand('lxd')).toBeUndefined();
    expect(external.inspectCommand('lxd')).toBeUndefined();
    expect(external.attachedCommand('lxd')).toBeUndefined();
    expect(external.editMasquerade('text', 'lxd', false)).toBe('text');
  });
});
