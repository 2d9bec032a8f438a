/** Reads a folder of CNI configuration lists the way engines do. */
import { basename, join } from 'node:path';
import type { Files } from '../../host/ports.ts';
import { decodeJson, tryDecode } from '../decode.ts';
import type { NetworkLabel } from '../engine.ts';
import { labelOf } from '../own-label.ts';
import { type Conflist, conflistSchema, fileSchema } from './schema.ts';

export interface ConflistFile {
  readonly path: string;
  readonly text: string;
  /** absent when the text fails to decode: engines skip such a file */
  readonly conflist: Conflist | undefined;
}

export type FoundConflist = Pick<ConflistFile, 'path'> & { readonly conflist: Conflist };

/** Reads lists sorted by file name: of two files with the same network, the first one wins. */
export function readConflists(files: Files, folder: string): Promise<ConflistFile[]> {
  return readAll(files, folder, /\.conflist$/);
}

/** Reads lists, then files with a single plugin, which CNI treats as a list of one. */
export async function readConfigs(files: Files, folder: string): Promise<ConflistFile[]> {
  const [lists, plugins] = await Promise.all([
    readConflists(files, folder),
    readAll(files, folder, /\.(conf|json)$/),
  ]);
  return [...lists, ...plugins];
}

/**
 * Finds the file of a network by the name inside. Throws when no file has the name and a file named after the network
 * fails to decode: the decoding error tells more than "does not exist".
 *
 * @param prefix prefix of the file names that the engine writes
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

/** Networks with a label; of two files with the same network, the first one counts. */
export function labelsIn(
  found: readonly ConflistFile[],
  labelsOf: (conflist: Conflist) => Readonly<Record<string, string>> | null | undefined,
  label: string,
): NetworkLabel[] {
  const known = new Set<string>();
  return found.flatMap(({ conflist }) => {
    if (!conflist || known.has(conflist.name)) return [];
    known.add(conflist.name);
    return labelOf(conflist.name, labelsOf(conflist), label);
  });
}

async function readAll(files: Files, folder: string, kind: RegExp): Promise<ConflistFile[]> {
  const names = (await files.list(folder)).filter((name) => kind.test(name));
  const read = await Promise.all(
    [...names].sort().map(async (name) => {
      const path = join(folder, name);
      const text = await files.read(path);
      return text === undefined ? [] : [{ path, text, conflist: tryDecode(fileSchema, text) }];
    }),
  );
  return read.flat();
}
