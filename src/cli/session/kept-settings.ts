/** What one of us that runs later, in another folder, needs to find the same state and the same engines. */
import { resolve } from 'node:path';
import type { Terminal } from '../terminal/terminal.ts';

/** all of them name a file or a folder */
const kept = [
  'MUSTREDIRECT_STATE_DIR',
  'MUSTREDIRECT_RUN_DIR',
  'CONTAINERS_CONF',
  'CONTAINERS_CONF_OVERRIDE',
];

/** `NAME=value`, of those that are set */
export function keptSettings({ env, folder }: Pick<Terminal, 'env' | 'folder'>): readonly string[] {
  return kept.flatMap((name) => {
    const value = env[name];
    // An empty one stays empty, and is not the folder that we are in.
    return value === undefined ? [] : [`${name}=${value && resolve(folder, value)}`];
  });
}
