/** Pages about engines: one for each engine, with a valid file. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSpec } from '../src/spec/parse.ts';
import { engineNames } from '../src/spec/engine-names.ts';

const folder = new URL('../docs/engines/', import.meta.url);
const pages = readdirSync(folder).sort();

function exampleOf(page: string): string {
  const text = readFileSync(new URL(page, folder), 'utf8');
  return /^```yaml\n(.*?)^```/ms.exec(text)?.[1] ?? '';
}

describe('the pages about engines', () => {
  it.each(pages)('%s has a valid example for its engine', (page) => {
    const parsed = parseSpec(exampleOf(page));
    const engine = parsed.kind === 'spec' ? parsed.spec.networks['web']?.engine : parsed.problems;
    expect(engine).toBe(page.replace(/(-.*)?\.md$/, ''));
  });

  it('exist for every engine of the file', () => {
    const engines = pages.map((page) => page.replace(/(-.*)?\.md$/, ''));
    expect([...new Set(engines)].sort()).toEqual([...engineNames].sort());
  });
});
