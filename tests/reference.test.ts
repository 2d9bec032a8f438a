/** Tests that generated pages and parts of pages are up to date. `npm run reference` writes them. */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { commandsPage } from './reference/commands-page.ts';
import { evidenceText, languages, readEvidence } from './reference/evidence.ts';
import { filePage } from './reference/file-page.ts';
import { metricsTable } from './reference/metrics-table.ts';
import { routerText, routerTexts } from './reference/router-texts.ts';

const root = new URL('../', import.meta.url);
const writes = process.env['REFERENCE'] === 'write';

function read(path: string): Promise<string> {
  return readFile(new URL(path, root), 'utf8');
}

describe('docs/reference', () => {
  it.each([
    ['file.md', filePage],
    ['commands.md', commandsPage],
  ])('%s is up to date (if not: npm run reference)', async (name, page) => {
    const path = `docs/reference/${name}`;
    if (writes) await writeFile(new URL(path, root), page());
    expect(await read(path)).toBe(page());
  });
});

describe('docs/guides/routing', () => {
  it.each(routerTexts)(
    'for $system by $protocol are what render prints (if not: npm run reference)',
    async ({ protocol, system }) => {
      const path = `docs/guides/routing/${protocol}/${system}.txt`;
      const text = routerText(protocol, system);
      if (writes) await writeFile(new URL(path, root), text);
      expect(await read(path)).toBe(text);
    },
  );
});

describe('docs/guides/monitoring.md', () => {
  const part = /(?<=<!-- metrics -->\n\n)[^]*?(?=\n*<!-- \/metrics -->)/;

  it('has all metrics (if not: npm run reference)', async () => {
    const path = 'docs/guides/monitoring.md';
    const page = await read(path);
    if (writes) await writeFile(new URL(path, root), page.replace(part, metricsTable()));
    const written = part.exec(await read(path))?.[0] ?? '';
    expect(unpadded(written)).toBe(unpadded(metricsTable()));
  });
});

describe('the evidence', () => {
  const part = /(?<=<!-- evidence -->\n\n)[^]*?(?=\n*<!-- \/evidence -->)/;

  it.each(Object.entries(languages))(
    'in %s matches the matrices (if not: npm run reference)',
    async (path, words) => {
      const evidence = readEvidence(await read('docs/leak-matrix.md'), await read('docs/engines.md'));
      const text = evidenceText(words, evidence);
      const page = await read(path);
      if (writes) await writeFile(new URL(path, root), page.replace(part, text.trimEnd()));
      // Prettier pads table cells.
      const written = part.exec(await read(path))?.[0] ?? '';
      expect(unpadded(written)).toBe(unpadded(text.trimEnd()));
    },
  );

  it('shows no leak, and counts packets in each row', async () => {
    const { versions, controls, ...tried } = readEvidence(
      await read('docs/leak-matrix.md'),
      await read('docs/engines.md'),
    );
    for (const [what, row] of Object.entries(tried))
      expect({ what, some: row.tried > 0, failed: row.failed }).toEqual({ what, some: true, failed: 0 });
    expect(controls).toBeGreaterThan(0);
    expect(versions.join()).toMatch(/Linux.*docker.*nft.*podman/);
  });
});

function unpadded(text: string): string {
  return text.replaceAll(/ +\|/g, ' |').replaceAll(/\| -+ /g, '| --- ');
}
