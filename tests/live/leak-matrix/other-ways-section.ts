/** Section of the page on foreign egress: each row is written by the test that has seen it. */
import { readSection, writeSection, writesPage } from './page.ts';

export interface OtherWay {
  readonly what: string;
  /** result without our objects */
  readonly control: string;
  /** result with them */
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

/** Adds the row when the page is written. The caller has already asserted the results. */
export async function noteOtherWay(way: OtherWay): Promise<void> {
  if (!writesPage) return;
  const rows = (await readSection('Ways that others make'))
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const row = `| ${way.what} | ${way.control} | ${way.applied} |`;
  const others = rows.slice(2).filter((line) => !line.startsWith(`| ${way.what} |`));
  const all = [...others, row].toSorted();
  await writeSection('Ways that others make', `${begin}\n${all.join('\n')}`);
}
