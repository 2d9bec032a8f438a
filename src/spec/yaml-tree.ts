/** A composed YAML document as a tree: aliases followed, keys as names, each key once. */
import { type Document, type Node, type Pair, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Locate } from './lines.ts';
import { type Entry, type Place, type PlacedProblem, type Tree, joinPath, problemAt, quote } from './tree.ts';

/** Values that all aliases together may stand for: a few lines can make billions. */
const mostAliasedValues = 200_000;
/** Aliases inside the values of aliases; each level takes stack. */
const deepestAlias = 8;

interface Builder {
  readonly text: string;
  readonly locate: Locate;
  readonly anchors: Map<string, Node>;
  readonly problems: PlacedProblem[];
  /** anchored nodes that are being built: an alias to one of them would never end */
  readonly open: Set<Node>;
  /** > 0 inside an alias */
  aliasDepth: number;
  aliasedValues: number;
}

export function buildTree(
  document: Document.Parsed,
  text: string,
  locate: Locate,
): { tree: Tree | undefined; problems: PlacedProblem[] } {
  const problems: PlacedProblem[] = [];
  const builder = { text, locate, anchors: new Map<string, Node>(), problems, open: new Set<Node>() };
  const root = document.contents as Node | null;
  const start = { ...locate(0), path: '', endLine: undefined };
  if (!root || isEmpty(root)) return { tree: undefined, problems };
  return { tree: build({ ...builder, aliasDepth: 0, aliasedValues: 0 }, root, start), problems };
}

/** `before` is the place of the key, for a value that is not there. */
function build(builder: Builder, node: Node | null, before: Place): Tree {
  if (!node || isEmpty(node))
    return { kind: 'scalar', place: { ...before, endLine: undefined }, value: null };
  const place = placeOf(builder, node, before.path);
  if (isAlias(node)) return buildAlias(builder, node.source, place);
  if (node.anchor !== undefined && builder.aliasDepth === 0) builder.anchors.set(node.anchor, node);
  if (builder.aliasDepth > 0) builder.aliasedValues += 1;
  if (isScalar(node)) return { kind: 'scalar', place, value: node.value };
  builder.open.add(node);
  const tree = buildCollection(builder, node, place);
  builder.open.delete(node);
  return tree;
}

function buildCollection(builder: Builder, node: Node, place: Place): Tree {
  if (isSeq<Node>(node)) {
    const items = node.items.map((item, i) =>
      build(builder, item, placeOf(builder, item, joinPath(place.path, i))),
    );
    return { kind: 'list', place, items };
  }
  const entries = new Map<string, Entry>();
  if (isMap<Node, Node>(node)) {
    for (const pair of node.items) addEntry(builder, entries, pair, place);
  }
  return { kind: 'map', place, entries };
}

function addEntry(
  builder: Builder,
  entries: Map<string, Entry>,
  pair: Pair<Node, Node>,
  parent: Place,
): void {
  const name = keyName(builder, pair.key);
  const key = placeOf(builder, pair.key, joinPath(parent.path, name ?? '?'));
  const first = name === undefined ? undefined : entries.get(name)?.key;
  // zod drops a key `__proto__` without a word.
  if (name === undefined || name === '__proto__') {
    builder.problems.push(problemAt(key, 'a key must be a plain word', 'write "name: value"'));
  } else if (first) {
    const message = `duplicate key ${quote(name)}: the first one is on line ${first.line}`;
    builder.problems.push(problemAt(key, message, 'remove one of them, or give it another name'));
  } else {
    entries.set(name, { key, value: build(builder, pair.value, key) });
  }
}

/** A number or `true` as a key is meant as the word that it is written as. */
function keyName(builder: Builder, key: Node): string | undefined {
  if (!isScalar(key) || isEmpty(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  const [start = 0, end = start] = key.range ?? [];
  return builder.text.slice(start, end);
}

function buildAlias(builder: Builder, name: string, place: Place): Tree {
  const target = builder.anchors.get(name);
  const nothing: Tree = { kind: 'scalar', place: { ...place, endLine: undefined }, value: null };
  const fail = (message: string, hint?: string): Tree => {
    builder.problems.push(problemAt(place, message, hint));
    return nothing;
  };
  if (!target) return fail(`alias *${name} is not defined`, `write &${name} before the value that is meant`);
  if (builder.open.has(target)) return fail(`alias *${name} contains itself`);
  if (builder.aliasedValues > mostAliasedValues || builder.aliasDepth >= deepestAlias) {
    return fail('the aliases expand to too many values');
  }
  builder.aliasDepth += 1;
  const tree = build(builder, target, place);
  builder.aliasDepth -= 1;
  return tree;
}

function placeOf(builder: Builder, node: Node, path: string): Place {
  const [start, end] = node.range ?? [0, 0];
  return { ...builder.locate(start), path, endLine: builder.locate(Math.max(start, end - 1)).line };
}

/** A value that was left out; `~` and `null` are written. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && (node.source ?? '') === '';
}
