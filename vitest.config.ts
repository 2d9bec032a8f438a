import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/longest-first.ts';

const live = 'tests/live/**/*.live.test.ts';
const vm = 'tests/vm/**/*.vm.test.ts';
const boot = 'tests/boot/**/*.boot.test.ts';
/** In a virtual machine, processors are emulated, and a program takes about ten times as long: milliseconds. */
const emulated = 1_200_000;
const patience = process.env['VM_KERNEL'] === undefined ? 600_000 : emulated;
/** They take longer than all other unit tests together. */
const properties = 'tests/properties*.test.ts';

const unit = {
  // No test changes what another one imports: read once for many files, it takes a third of the time.
  isolate: false,
  // All cores of a small machine: by default one of them is left out.
  maxWorkers: 2,
  // A forgotten await shows up as a failure, not as a test that passes.
  expect: { requireAssertions: true },
  // Milliseconds. Nothing here waits for anything, but a machine may be busy with something else.
  testTimeout: 120_000,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['src/**/*.test.ts', 'bench/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [live, vm, boot, properties],
        },
      },
      { test: { ...unit, name: 'properties', include: [properties] } },
      ...[
        { name: 'live', include: [live], patience },
        { name: 'vm', include: [vm], patience },
        { name: 'boot', include: [boot], patience: emulated },
      ].map(({ patience: limit, ...project }) => ({
        test: {
          ...project,
          // Test hosts are namespaces of the kernel, which share nothing: a process of its own for each file, and three
          // at a time, since a part of each live test is waiting. What they measure are packets, never a time.
          pool: 'forks',
          maxWorkers: 3,
          testTimeout: limit,
          hookTimeout: limit,
        },
      })),
    ],
  },
});
