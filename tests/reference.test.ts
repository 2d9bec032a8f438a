/** The generated reference pages are what the code says. `npm run reference` writes them. */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { commandsPage } from './reference/commands-page.ts';
import { filePage } from './reference/file-page.ts';

const folder = new URL('../docs/reference/', import.meta.url);

describe('docs/reference', () => {
  it.each([
    ['file.md', filePage],
    ['commands.md', commandsPage],
  ])('%s is what the code generates (if not: npm run reference)', async (name, page) => {
    const place = new URL(name, folder);
    if (process.env['REFERENCE'] === 'write') await writeFile(place, page());
    expect(await readFile(place, 'utf8')).toBe(page());
  });
});
