/** The labs of a part, all at once: built together, checked before and after, and taken down however it ends. */
import type { TestHost } from '../../src/lab/test-host.ts';
import type { Subject } from '../compare.ts';
import type { Context } from '../parts/part.ts';
import { type BenchLab, createBenchLab } from './bench-lab.ts';
import type { Networks } from './networks.ts';
import { checkWay } from './right-way.ts';
import type { Variant } from './variants.ts';

export interface DesiredObject {
  readonly variant: Variant;
  readonly networks: Networks;
  readonly bystander?: boolean;
  /** what it is called, where that is not its variant */
  readonly label?: string;
  /** of the program, where that is not the project's own build */
  readonly root?: string;
  /** what its gateway has beside */
  add?(gateway: TestHost): Promise<unknown>;
}

export async function withLabs<T>(
  context: Context,
  wanted: readonly DesiredObject[],
  use: (subjects: readonly Subject<BenchLab>[]) => Promise<T>,
): Promise<T> {
  const subjects: Subject<BenchLab>[] = [];
  try {
    for (const [index, one] of wanted.entries()) {
      context.progress(
        `lab ${index + 1} of ${wanted.length}: ${one.label ?? one.variant}, ${one.networks.count} networks`,
      );
      const lab = await createBenchLab({ ...context, ...one, name: `${context.name}-${index}` });
      await one.add?.(lab.world.hosts.gw1);
      subjects.push({ variant: one.label ?? one.variant, networks: one.networks.count, at: lab });
    }
    await checkAll(subjects);
    const result = await use(subjects);
    await checkAll(subjects);
    return result;
  } finally {
    await Promise.all(subjects.map(({ at }) => at.down()));
  }
}

async function checkAll(subjects: readonly Subject<BenchLab>[]): Promise<void> {
  for (const { at } of subjects) await checkWay(at);
}
