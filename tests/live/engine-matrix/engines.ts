/** Engines with a row in the matrix, each on the node of a lab. */
import type { World, WorldOptions } from '../../../src/lab/world.ts';
import { createDebian13World } from '../debian-13.ts';
import { createTestWorld, podmanEngines } from '../test-world.ts';

export interface MatrixEngine {
  readonly name: string;
  create(options?: Partial<WorldOptions>): Promise<World>;
  /** program that starts containers; absent without an engine */
  readonly program?: 'podman' | 'docker';
}

/** Engines that this machine can run. */
export async function matrixEngines(): Promise<readonly MatrixEngine[]> {
  const installed = await podmanEngines();
  return [
    ...installed.map((engine) => ({
      name: engine === 'podman-cni' ? 'podman, CNI' : 'podman, netavark',
      create: (options = {}) => createTestWorld({ ...options, engine }),
      program: 'podman' as const,
    })),
    { name: 'podman 5, netavark with nftables', create: createDebian13World, program: 'podman' },
    {
      name: 'docker',
      create: (options = {}) => createTestWorld({ ...options, engine: 'docker' }),
      program: 'docker',
    },
    { name: 'external', create: (options = {}) => createTestWorld({ ...options, engine: 'external' }) },
  ];
}
