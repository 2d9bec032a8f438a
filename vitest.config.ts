import { defineConfig } from 'vitest/config';

const live = 'tests/live/**/*.live.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [live],
          // A forgotten await shows up as a failure, not as a test that passes.
          expect: { requireAssertions: true },
          // Milliseconds. Nothing here waits for anything, but a machine may be busy with something else.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'live',
          include: [live],
          // Test hosts are namespaces of the kernel: a process of its own for each file, and one file at a
          // time, because what is measured (packets, time limits, counters) must not depend on a neighbour.
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
