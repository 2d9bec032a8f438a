/** Writes the results into the scenario's file, for review before they are committed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { parseDocument } from 'yaml';
import type { Played } from './play.ts';
import { type Scenario, scenarioPath } from './scenario.ts';

/** Comments and other hand-written parts are kept. */
export async function rewriteScenario({ name }: Scenario, { runs, destroy }: Played): Promise<void> {
  const path = scenarioPath(name);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const write = (at: readonly (string | number)[], value: unknown): void => {
    const empty = Array.isArray(value) ? value.length === 0 : value === '';
    if (empty) document.deleteIn(at);
    else document.setIn(at, document.createNode(value));
  };
  for (const [i, { plan, waiting, warnings, notReady, refusals }] of runs.entries()) {
    write(['runs', i, 'plan'], plan);
    write(['runs', i, 'waiting'], waiting);
    write(['runs', i, 'warnings'], warnings);
    write(['runs', i, 'notReady'], notReady);
    write(['runs', i, 'refusals'], refusals);
  }
  write(['destroy'], destroy);
  const options = await resolveConfig(path);
  writeFileSync(path, await format(document.toString({ lineWidth: 0 }), { ...options, parser: 'yaml' }));
}
