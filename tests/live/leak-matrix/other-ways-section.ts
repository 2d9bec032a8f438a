/** The section of the page about ways that others make: a row of it belongs to the test that has seen it. */
import { readFile, writeFile } from 'node:fs/promises';
import { page } from './endings-section.ts';

export interface OtherWay {
  readonly what: string;
  /** what is seen where nothing of ours prevents it */
  readonly control: string;
  /** what is seen with it */
  readonly applied: string;
}

const begin = [
  '## Ways that others make',
  '',
  'What was seen without the part of our table that is about it, or before `apply`, and then with it. Made by',
  '`host-errors.live`, `foreign-way.live`, `docker-inbound.live`, `published.live` and `bridged.live`, with IPv4 and with IPv6 where both have it.',
  '',
  '| what | control | applied |',
  '| --- | --- | --- |',
].join('\n');

/** Writes the row when the page is made anew. The test that calls this has already asked for what the row says. */
export async function noteOtherWay(way: OtherWay): Promise<void> {
  if (process.env['LEAK_MATRIX'] !== 'write') return;
  const text = await readFile(page, 'utf8');
  const section = /^## Ways that others make\n[^]*?(?=\n## |$(?![^]))/m.exec(text)?.[0];
  const rows = section === undefined ? [] : section.split('\n').filter((line) => line.startsWith('| '));
  const row = `| ${way.what} | ${way.control} | ${way.applied} |`;
  const others = rows.slice(2).filter((line) => !line.startsWith(`| ${way.what} |`));
  const rest = section === undefined ? text : text.replace(section, '').replace(/\n{3,}/g, '\n\n');
  const all = [...others, row].toSorted();
  await writeFile(page, `${rest.trimEnd()}\n\n${begin}\n${all.join('\n')}\n`);
}
