/** How the user calls this program. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteWord } from '../../host/process/shell-word.ts';
import type { Terminal } from '../terminal/terminal.ts';

const name = 'mustredirect';

/** The name alone where PATH leads to this program; else the path of its launcher, as in a checkout. */
export async function ownCommand({ env, root }: Pick<Terminal, 'env' | 'root'>): Promise<string> {
  const launcher = join(root, 'bin', name);
  const own = await realpath(launcher).catch(() => undefined);
  if (own === undefined) return name;
  for (const folder of (env['PATH'] ?? '').split(':')) {
    const found = await realpath(join(folder, name)).catch(() => undefined);
    // The first one is the one that a shell runs.
    if (found !== undefined) return found === own ? name : quoteWord(launcher);
  }
  return quoteWord(launcher);
}
