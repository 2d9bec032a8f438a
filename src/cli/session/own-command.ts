/** Command by which the user runs this program. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteWord } from '../../host/process/shell-word.ts';
import type { Terminal } from '../terminal/terminal.ts';

const name = 'mustredirect';

/** Returns the name if PATH leads to this program; else the path of its launcher, as in a checkout. */
export async function ownCommand({ env, root }: Pick<Terminal, 'env' | 'root'>): Promise<string> {
  const launcher = join(root, 'bin', name);
  const own = await realpath(launcher).catch(() => undefined);
  if (own === undefined) return name;
  for (const folder of (env['PATH'] ?? '').split(':')) {
    const found = await realpath(join(folder, name)).catch(() => undefined);
    // Only the first match in PATH counts, since a shell runs that one.
    if (found !== undefined) return found === own ? name : quoteWord(launcher);
  }
  return quoteWord(launcher);
}
