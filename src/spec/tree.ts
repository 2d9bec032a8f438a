/** The file as a tree of plain values, each of which knows where it stands. */
import type { Problem } from './problem.ts';

/** Where a key or a value stands, and how messages call it. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  /** last line of it, or nothing when that cannot be told */
  readonly endLine: number | undefined;
}

export type Tree =
  | { readonly kind: 'scalar'; readonly place: Place; readonly value: unknown }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly place: Place; readonly entries: ReadonlyMap<string, Entry> };

export interface Entry {
  readonly key: Place;
  readonly value: Tree;
}

export type Path = readonly PropertyKey[];

/** A problem that can be dropped when it stands where the file could not be read for sure. */
export type PlacedProblem = Problem & { readonly endLine: number | undefined };

export function problemAt(place: Place, message: string, hint?: string): PlacedProblem {
  return { ...place, message, ...(hint === undefined ? {} : { hint }) };
}

/** `networks.office.via`; a name that would be ambiguous or unprintable is quoted. */
export function joinPath(parent: string, step: string | number): string {
  const text = String(step);
  const shown = /^[\w-]{1,64}$/.test(text) ? text : quote(text);
  return parent === '' ? shown : `${parent}.${shown}`;
}

/** A name that the file gives to something which may not be there: quoted where it is no name at all. */
export function nameText(text: string): string {
  return /^[\w.-]{1,64}$/.test(text) ? text : quote(text);
}

/** A text from the file for a message: quoted, on one line, of bounded length. */
export function quote(text: string): string {
  const limit = 64;
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text);
}

/** Plain value of a tree, for a schema. */
export function plainValue(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(plainValue);
    case 'map':
      return Object.fromEntries(Array.from(tree.entries, ([key, { value }]) => [key, plainValue(value)]));
  }
}

/** The value at a path, or nothing. */
export function valueAt(tree: Tree, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, step) => at && childOf(at, step), tree);
}

/** Where the key at the end of a path stands, or nothing for an item of a list or a missing key. */
export function keyPlaceAt(tree: Tree, path: Path): Place | undefined {
  const parent = valueAt(tree, path.slice(0, -1));
  return parent?.kind === 'map' ? parent.entries.get(String(path.at(-1)))?.key : undefined;
}

/** Names of the entries of the map at a path; nothing when there is no map. */
export function keysAt(tree: Tree, path: Path): string[] | undefined {
  const map = valueAt(tree, path);
  return map?.kind === 'map' ? [...map.entries.keys()] : undefined;
}

/** The tree without what stands at these paths. */
export function withoutPaths(tree: Tree, paths: readonly Path[]): Tree {
  if (paths.length === 0 || tree.kind === 'scalar') return tree;
  const below = restsByStep(paths);
  const kept = (step: string, child: Tree): Tree | undefined => {
    const rests = below.get(step) ?? [];
    return rests.some((rest) => rest.length === 0) ? undefined : withoutPaths(child, rests);
  };
  if (tree.kind === 'list') {
    return { ...tree, items: tree.items.flatMap((item, i) => kept(String(i), item) ?? []) };
  }
  const entries = Array.from(tree.entries).flatMap(([name, { key, value }]): [string, Entry][] => {
    const rest = kept(name, value);
    return rest ? [[name, { key, value: rest }]] : [];
  });
  return { ...tree, entries: new Map(entries) };
}

function restsByStep(paths: readonly Path[]): Map<string, Path[]> {
  const rests = new Map<string, Path[]>();
  for (const [first, ...rest] of paths) {
    const step = String(first);
    const known = rests.get(step);
    if (known) known.push(rest);
    else rests.set(step, [rest]);
  }
  return rests;
}

function childOf(tree: Tree, step: PropertyKey): Tree | undefined {
  if (tree.kind === 'list') return tree.items[Number(step)];
  return tree.kind === 'map' ? tree.entries.get(String(step))?.value : undefined;
}
