/** The file as a tree of plain values with positions. */
import type { Problem } from './problem.ts';

/** Position of a key or value, and its path in messages. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  /** its last line; undefined when unknown */
  readonly endLine: number | undefined;
}

export type Tree =
  | { readonly kind: 'scalar'; readonly position: SourcePosition; readonly value: unknown }
  | { readonly kind: 'list'; readonly position: SourcePosition; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly position: SourcePosition; readonly entries: ReadonlyMap<string, Entry> };

export interface Entry {
  readonly key: SourcePosition;
  readonly value: Tree;
}

export type Path = readonly PropertyKey[];

/** Problem that may be dropped when its position is in an unreliable part of the file. */
export type RangedProblem = Problem & {
  readonly endLine: number | undefined;
  /** it may only follow from a wrong value, or a misspelt key, within its path */
  readonly mayFollow?: true;
};

export function problemAt(position: SourcePosition, message: string, hint?: string): RangedProblem {
  return { ...position, message, ...(hint === undefined ? {} : { hint }) };
}

/** `networks.office.via`; ambiguous or unprintable names are quoted. */
export function joinPath(parent: string, step: string | number): string {
  const text = String(step);
  const shown = /^[\w-]{1,64}$/.test(text) ? text : quote(text);
  return parent === '' ? shown : `${parent}.${shown}`;
}

/** Name from the file in a message: quoted unless it has the form of a name. */
export function nameText(text: string): string {
  return /^[\w.-]{1,64}$/.test(text) ? text : quote(text);
}

/** Text from the file in a message: quoted, on one line, of limited length, without what may be a private key. */
export function quote(text: string): string {
  const limit = 64;
  const shown = text.replace(/[A-Za-z0-9+/]{43}=/g, '(a key)');
  return JSON.stringify(shown.length > limit ? `${shown.slice(0, limit)}…` : shown);
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

/** Value at a path, or undefined. */
export function valueAt(tree: Tree, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, step) => at && childOf(at, step), tree);
}

/** Position of the key at the end of a path; undefined for an item of a list or a missing key. */
export function keyPositionAt(tree: Tree, path: Path): SourcePosition | undefined {
  const parent = valueAt(tree, path.slice(0, -1));
  return parent?.kind === 'map' ? parent.entries.get(String(path.at(-1)))?.key : undefined;
}

/** Keys of the map at a path; undefined when there is no map. */
export function keysAt(tree: Tree, path: Path): string[] | undefined {
  const map = valueAt(tree, path);
  return map?.kind === 'map' ? [...map.entries.keys()] : undefined;
}

/** Tree without the values at these paths. */
export function withoutPaths(tree: Tree, paths: readonly Path[]): Tree {
  if (paths.length === 0 || tree.kind === 'scalar') return tree;
  const subpaths = subpathsByKey(paths);
  const kept = (step: string, child: Tree): Tree | undefined => {
    const below = subpaths.get(step) ?? [];
    return below.some((path) => path.length === 0) ? undefined : withoutPaths(child, below);
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

function subpathsByKey(paths: readonly Path[]): Map<string, Path[]> {
  const subpaths = new Map<string, Path[]>();
  for (const [first, ...rest] of paths) {
    const step = String(first);
    const known = subpaths.get(step);
    if (known) known.push(rest);
    else subpaths.set(step, [rest]);
  }
  return subpaths;
}

function childOf(tree: Tree, step: PropertyKey): Tree | undefined {
  if (tree.kind === 'list') return tree.items[Number(step)];
  return tree.kind === 'map' ? tree.entries.get(String(step))?.value : undefined;
}
