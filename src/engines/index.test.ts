import { describe, expect, it } from 'vitest';
import { queryEngines, createEngines, readAllNetworks } from './index.ts';
import { recordedHost } from './recorded-host.ts';

describe('engines', () => {
  const engines = createEngines({});
  const host = recordedHost({
    outputs: {
      'podman info --format json': '{"host":{"networkBackend":"netavark"},"version":{"Version":"4.3.1"}}',
      'podman ps --all --format json': '[]',
    },
  });

  it('returns networks of all engines in the requested order', async () => {
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

  it('names engines that fail, and returns networks of the others', async () => {
    const outputs = {
      'podman info --format json': '{"host":{"networkBackend":"netavark"},"version":{"Version":"4.3.1"}}',
      'podman ps --all --format json': '[]',
      'docker info --format {{json .}}': { exitCode: 1, stdout: '', stderr: 'Cannot connect' },
    };
    const asked = [
      { engine: 'docker', name: 'a', subnets: ['10.1.0.0/24'] },
      { engine: 'podman', name: 'b', subnets: ['10.2.0.0/24'] },
    ] as const;
    const { networks, unreadEngines } = await queryEngines(recordedHost({ outputs }), engines, asked);
    expect(networks).toMatchObject([{ name: 'b', exists: false }]);
    expect(unreadEngines).toEqual({
      docker: {
        why: expect.stringContaining('Cannot connect') as string,
        hint: expect.any(String) as string,
      },
    });
    await expect(readAllNetworks(recordedHost({ outputs }), engines, asked)).rejects.toThrow(
      'Cannot connect',
    );
  });

  it('runs nothing when no networks are requested', async () => {
    expect(await readAllNetworks(recordedHost({}), engines, [])).toEqual([]);
  });

  it('neither creates, removes, inspects nor edits an external network', () => {
    const { external } = engines;
    expect(external.createCommand({ name: 'lxd', subnets: [] })).toBeUndefined();
    expect(external.removeCommand('lxd')).toBeUndefined();
    expect(external.inspectCommand('lxd')).toBeUndefined();
    expect(external.attachedCommand('lxd')).toBeUndefined();
    expect(external.editMasquerade('text', 'lxd', false)).toBe('text');
  });
});
