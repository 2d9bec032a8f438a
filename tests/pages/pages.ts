/** Documentation pages, and the code blocks in them. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url);

/** Without decisions, which describe the state at their date. */
export const pagePaths: readonly string[] = ['.', 'docs', 'docs/engines', 'docs/guides', 'docs/reference']
  .flatMap((folder) => readdirSync(new URL(`${folder}/`, root)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'))
  .sort();

export function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

export interface Block {
  readonly language: string;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}
