/** A folder of CNI configuration lists, as those read it that take their networks from it. */
import { basename, join } from 'node:path';
import type { Files } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { type Conflist, conflistSchema, fileSchema } from './schema.ts';

export interface ConflistFile {
  readonly path: string;
  readonly text: string;
  /** absent when the text cannot be understood: everybody skips such a file */
  readonly conflist: Conflist | undefined;
}

export type FoundConflist = Pick<ConflistFile, 'path'> & { readonly conflist: Conflist };

/** Lists, in the order of their names: the first of two files with the same network counts. */
export function readConflists(files: Files, folder: string): Promise<ConflistFile[]> {
  return readAll(files, folder, /\.conflist$/);
}

/** The same, and after them files of one plugin each, which CNI takes for a list of one. */
export async function readConfigs(files: Files, folder: string): Promise<ConflistFile[]> {
  const [lists, plugins] = await Promise.all([
    readConflists(files, folder),
    readAll(files, folder, /\.(conf|json)$/),
  ]);
  return [...lists, ...plugins];
}

/**
 * The file of a network, by the name inside. Throws when there is none, and one that carries the network's
 * name cannot be understood: it says in what way, where "does not exist" would be all.
 *
 * @param prefix what an engine's own file names begin with
 */
export function findConflist(
  found: readonly ConflistFile[],
  name: string,
  brokenHint: string,
  prefix = '',
): FoundConflist | undefined {
  for (const { path, conflist } of found) if (conflist?.name === name) return { path, conflist };
  const broken = found.find(
    ({ path, conflist }) => !conflist && basename(path).replace(/^\d+-/, '') === `${prefix}${name}.conflist`,
  );
  if (broken) decodeJson(conflistSchema, broken.text, broken.path, brokenHint);
  return undefined;
}

async function readAll(files: Files, folder: string, kind: RegExp): Promise<ConflistFile[]> {
  const names = (await files.list(folder)).filter((name) => kind.test(name));
  const read = await Promise.all(
    [...names].sort().map(async (name) => {
      const path = join(folder, name);
      const text = await files.read(path);
      return text === undefined ? [] : [{ path, text, conflist: understand(text) }];
    }),
  );
  return read.flat();
}

function understand(text: string): Conflist | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
