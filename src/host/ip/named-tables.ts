/** Routing tables with a name. */
import { join } from 'node:path';
import type { Files } from '../ports.ts';

/** iproute2's own folder moved to /usr in 6.5; files of the administrator stay in /etc. */
const folders = ['/etc/iproute2', '/usr/share/iproute2'];

export async function readNamedTables(files: Files): Promise<number[]> {
  const paths = await Promise.all(
    folders.map(async (folder) => {
      const more = join(folder, 'rt_tables.d');
      const names = (await files.list(more)).filter((name) => name.endsWith('.conf'));
      return [join(folder, 'rt_tables'), ...names.map((name) => join(more, name))];
    }),
  );
  const texts = await Promise.all(paths.flat().map((path) => files.read(path)));
  return [...new Set(texts.flatMap((text) => decodeTables(text ?? '')))];
}

/** Decodes lines of `NUMBER NAME`, decimal or hexadecimal, and skips comments. */
function decodeTables(text: string): number[] {
  return [...text.matchAll(/^[ \t]*(0x[\da-f]+|\d+)[ \t]+\S/gim)].map(([, number]) => Number(number));
}
