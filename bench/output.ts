/** Writes a part's figures, pictures and section of the page. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plotFolder, sectionOf, withSection } from './page.ts';
import type { Part } from './parts/part.ts';
import { type Result, resultSchema } from './result.ts';

/** @param into a folder that has, or gets, `bench/results` and `docs` */
export async function writeResult(into: string, result: Result): Promise<void> {
  const file = resultPath(into, result.part);
  await mkdir(join(into, 'bench', 'results'), { recursive: true });
  await writeFile(file, `${JSON.stringify(resultSchema.parse(result), null, 1)}\n`);
}

export async function readResult(into: string, part: string): Promise<Result> {
  return resultSchema.parse(JSON.parse(await readFile(resultPath(into, part), 'utf8')));
}

/** The pictures, and the part's section of the page, from its figures. */
export async function draw(into: string, part: Part, result: Result): Promise<void> {
  const docs = join(into, 'docs');
  await mkdir(join(docs, plotFolder), { recursive: true });
  const plots = part.plots(result);
  for (const { name, svg } of plots) await writeFile(join(docs, plotFolder, `${name}.svg`), svg);
  const page = join(docs, 'performance.md');
  const before = await readFile(page, 'utf8').catch(() => '# Performance\n');
  await writeFile(page, withSection(before, part.name, sectionOf(part.title, result, plots)));
}

function resultPath(into: string, part: string): string {
  return join(into, 'bench', 'results', `${part}.json`);
}
