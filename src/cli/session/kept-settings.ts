/** Environment variables that a later process in another folder needs to find the same state and engines. */
import { resolve } from 'node:path';
import type { Terminal } from '../terminal/terminal.ts';

/** all of them name a file or a folder */
const kept = [
  'MUSTREDIRECT_STATE_DIR',
  'MUSTREDIRECT_RUN_DIR',
  'CONTAINERS_CONF',
  'CONTAINERS_CONF_OVERRIDE',
];

/** `NAME=value` of variables that are set */
export function keptSettings({ env, folder }: Pick<Terminal, 'env' | 'folder'>): readonly string[] {
  return kept.flatMap((name) => {
    const value = env[name];
    // An empty value stays empty, instead of becoming the current folder.
    return value === undefined ? [] : [`${name}=${value && resolve(folder, value)}`];
  });
}
