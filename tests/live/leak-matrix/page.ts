/** docs/leak-matrix.md, whose sections are written by different tests. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../../docs/leak-matrix.md', import.meta.url));

/** Headings of the sections that tests of their own write, in the order of the page; the matrix comes before them. */
const ownSections = ['With the agent', 'Endings', 'A hostile container', 'Ways that others make'] as const;

type OwnSection = (typeof ownSections)[number];

/** Whether tests write what they have found, instead of comparing it with the page. */
export const writesPage = process.env['LEAK_MATRIX'] === 'write';

export function readPage(): Promise<string> {
  return readFile(page, 'utf8');
}

/** Section of a page, with its heading; empty when it has none. */
export function sectionOf(text: string, heading: OwnSection): string {
  return new RegExp(`^## ${heading}\\n[^]*?(?=^## |$(?![^]))`, 'm').exec(text)?.[0].trimEnd() ?? '';
}

export async function readSection(heading: OwnSection): Promise<string> {
  return sectionOf(await readPage(), heading);
}

/** Writes the matrix, and keeps all other sections. */
export async function writeMatrix(text: string): Promise<void> {
  await writeParts(text, ownSectionsOf(await readPage()));
}

/** Replaces a section of the page, or adds it. */
export async function writeSection(heading: OwnSection, section: string): Promise<void> {
  const text = await readPage();
  const sections = ownSectionsOf(text);
  const matrix = sections.reduce((rest, one) => rest.replace(one, ''), text);
  await writeParts(
    matrix,
    ownSections.map((one) => (one === heading ? section : sectionOf(text, one))),
  );
}

function ownSectionsOf(text: string): readonly string[] {
  return ownSections.map((heading) => sectionOf(text, heading)).filter(Boolean);
}

async function writeParts(matrix: string, sections: readonly string[]): Promise<void> {
  const parts = [matrix, ...sections].map((part) => part.trim()).filter(Boolean);
  await writeFile(page, `${parts.join('\n\n')}\n`);
}
