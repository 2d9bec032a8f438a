/** Order of test files: long ones start first, so that none of them runs alone at the end. */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, longest first, as measured. vitest itself orders by size. */
const longest = [
  'properties-leaks.test.ts',
  'properties.test.ts',
  'bad-input-programs.test.ts',
  'apply.test.ts',
  'bad-input-file.test.ts',
  'crash.live.test.ts',
  'leak-matrix-kills.live.test.ts',
  'leak-matrix.live.test.ts',
  'leak-matrix-engines.live.test.ts',
  'leak-matrix-agent.live.test.ts',
  'routing-kills.live.test.ts',
  'endings.live.test.ts',
  'when-down.live.test.ts',
  'balance.live.test.ts',
  'faults-lan.live.test.ts',
  'faults-ospf.live.test.ts',
  'faults-bgp.live.test.ts',
  'soak.live.test.ts',
  'engine-matrix.live.test.ts',
  'datapath.live.test.ts',
  'scenarios.live.test.ts',
  'marks.live.test.ts',
  'dns.live.test.ts',
  'bench.live.test.ts',
  'container-powers.live.test.ts',
  'routes.live.test.ts',
  'redirect6.live.test.ts',
  'render-routing.live.test.ts',
  'published.live.test.ts',
  'pairs.live.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = longest.indexOf(basename(moduleId));
  return rank < 0 ? longest.length : rank;
}
