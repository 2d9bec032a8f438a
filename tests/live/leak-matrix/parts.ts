/** The parts of the leak matrix. */
import type { LabEngine } from '../../../src/lab/engine.ts';
import { podmanEngines } from '../test-world.ts';

export interface MatrixPart {
  readonly engine: LabEngine;
  /** kind of events: foreign actions, kills of our runs at each boundary, or steering by fwmark */
  readonly what: 'events' | 'kills' | 'marks';
}

/** Engine for events that do not depend on the engine. */
export const fullEngine = 'podman-netavark';

/** Parts in the order of the page. */
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
