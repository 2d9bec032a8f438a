/** The parts of the leak matrix. */
import type { LabEngine } from '../../../src/lab/engine.ts';
import { podmanEngines } from '../test-world.ts';

export interface MatrixPart {
  readonly engine: LabEngine;
  /** what happens: other things, a kill of our own runs at each of their boundaries, or things that marks steer through */
  readonly what: 'events' | 'kills' | 'marks';
}

/** What is alike with every engine is done with this one. */
export const fullEngine = 'podman-netavark';

/** In the order of the page. */
export async function matrixParts(): Promise<MatrixPart[]> {
  const engines = [...(await podmanEngines()), 'docker'] as const;
  return engines.flatMap((engine): MatrixPart[] => [
    { engine, what: 'events' },
    ...(engine === fullEngine
      ? ([
          { engine, what: 'marks' },
          { engine, what: 'kills' },
        ] as const)
      : []),
  ]);
}
