/** A folder of CNI configuration lists, as those read it that take their networks from it. */
import { basename, join } from 'node:path';
import type { Files } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { type Conflist, conflistSchema } from './schema.ts';

export interface ConflistFile {
  readonly path: string;
  readonly text: string;
  /** absent when the text cannot be understood: everybody skips such a file */
  readonly conflist: Conflist | undefined;
}

/** In the order of their names: the first of two files with the same network counts. */
export async function readConflists(files: Files, folder: string): Promise<ConflistFile[]> {
  const names = (await files.list(folder)).filter((name) => name.endsWith('.conflist'));
  const read = await Promise.all(
    [...names].sort().map(async (name) => {
      const path = join(folder, name);
      const text = await files.read(path);
      return text === undefined ? [] : [{ path, text, conflist: understand(text) }];
    }),
  );
  return read.flat();
}

/**
 * The file of a network, by the name inside. Throws when there is none, and one that carries the network's
 * name cannot be understood: it says in what way, where "does not exist" would be all.
 */
export function findConflist(
  found: readonly ConflistFile[],
  name: string,
  brokenHint: string,
): { readonly path: string; readonly conflist: Conflist } | undefined {
  for (const { path, conflist } of found) if (conflist?.name === name) return { path, conflist };
  const broken = found.find(
    ({ path, conflist }) => !conflist && basename(path).replace(/^\d+-/, '') === `${name}.conflist`,
  );
  if (broken) decodeJson(conflistSchema, broken.text, broken.path, brokenHint);
  return undefined;
}

function understand(text: string): Conflist | undefined {
  try {
    return conflistSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
