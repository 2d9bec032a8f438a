/** Converts a composed YAML document to a tree: follows aliases, converts keys to names, and reports duplicate keys. */
import { type Document, type Node, type Pair, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Locate } from './lines.ts';
import {
  type Entry,
  type SourcePosition,
  type RangedProblem,
  type Tree,
  joinPath,
  nameText,
  problemAt,
  quote,
} from './tree.ts';

/** Maximum number of values from aliases: a few lines can stand for billions. */
const mostAliasedValues = 200_000;
/** Maximum nesting of aliases inside aliases; each level uses stack. */
const deepestAlias = 8;

interface Builder {
  readonly text: string;
  readonly locate: Locate;
  readonly anchors: Map<string, Node>;
  readonly problems: RangedProblem[];
  /** anchored nodes under construction: an alias to one of them is a cycle */
  readonly open: Set<Node>;
  /** > 0 inside an alias */
  aliasDepth: number;
  aliasedValues: number;
}

export function buildTree(
  document: Document.Parsed,
  text: string,
  locate: Locate,
): { tree: Tree | undefined; problems: RangedProblem[] } {
  const problems: RangedProblem[] = [];
  const builder = { text, locate, anchors: new Map<string, Node>(), problems, open: new Set<Node>() };
  const root = document.contents as Node | null;
  const start = { ...locate(0), path: '', endLine: undefined };
  if (!root || isEmpty(root)) return { tree: undefined, problems };
  return { tree: build({ ...builder, aliasDepth: 0, aliasedValues: 0 }, root, start), problems };
}

/** @param before position of the key, used for an absent value */
function build(builder: Builder, node: Node | null, before: SourcePosition): Tree {
  if (!node || isEmpty(node))
    return { kind: 'scalar', position: { ...before, endLine: undefined }, value: null };
  const position = positionOf(builder, node, before.path);
  if (isAlias(node)) return buildAlias(builder, node.source, position);
  if (node.anchor !== undefined && builder.aliasDepth === 0) builder.anchors.set(node.anchor, node);
  if (builder.aliasDepth > 0) builder.aliasedValues += 1;
  if (isScalar(node)) return { kind: 'scalar', position, value: node.value };
  builder.open.add(node);
  const tree = buildCollection(builder, node, position);
  builder.open.delete(node);
  return tree;
}

function buildCollection(builder: Builder, node: Node, position: SourcePosition): Tree {
  if (isSeq<Node>(node)) {
    const items = node.items.map((item, i) =>
      build(builder, item, positionOf(builder, item, joinPath(position.path, i))),
    );
    return { kind: 'list', position, items };
  }
  const entries = new Map<string, Entry>();
  if (isMap<Node, Node>(node)) {
    for (const pair of node.items) addEntry(builder, entries, pair, position);
  }
  return { kind: 'map', position, entries };
}

function addEntry(
  builder: Builder,
  entries: Map<string, Entry>,
  pair: Pair<Node, Node>,
  parent: SourcePosition,
): void {
  const name = keyName(builder, pair.key);
  const key = positionOf(builder, pair.key, joinPath(parent.path, name ?? '?'));
  const first = name === undefined ? undefined : entries.get(name)?.key;
  // zod drops a key `__proto__` silently.
  if (name === undefined || name === '__proto__') {
    builder.problems.push(problemAt(key, 'a key must be a plain word', 'write "name: value"'));
  } else if (first) {
    const message = `duplicate key ${quote(name)}: the first one is on line ${first.line}`;
    builder.problems.push(problemAt(key, message, 'remove one of them, or give it another name'));
  } else {
    entries.set(name, { key, value: build(builder, pair.value, key) });
  }
}

/** A key that is a number or `true` is read as the word in the text. */
function keyName(builder: Builder, key: Node): string | undefined {
  if (!isScalar(key) || isEmpty(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  const [start = 0, end = start] = key.range ?? [];
  return builder.text.slice(start, end);
}

function buildAlias(builder: Builder, name: string, position: SourcePosition): Tree {
  const target = builder.anchors.get(name);
  const nothing: Tree = { kind: 'scalar', position: { ...position, endLine: undefined }, value: null };
  const fail = (message: string, hint?: string): Tree => {
    builder.problems.push(problemAt(position, message, hint));
    return nothing;
  };
  if (!target)
    return fail(
      `alias *${nameText(name)} is not defined`,
      `write &${nameText(name)} before the value that is meant`,
    );
  if (builder.open.has(target)) return fail(`alias *${nameText(name)} contains itself`);
  if (builder.aliasedValues > mostAliasedValues || builder.aliasDepth >= deepestAlias) {
    return fail('the aliases expand to too many values');
  }
  builder.aliasDepth += 1;
  const tree = build(builder, target, position);
  builder.aliasDepth -= 1;
  return tree;
}

function positionOf(builder: Builder, node: Node, path: string): SourcePosition {
  const [start, end] = node.range ?? [0, 0];
  return { ...builder.locate(start), path, endLine: builder.locate(Math.max(start, end - 1)).line };
}

/** Whether the value is absent, as opposed to `~` or `null`. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && (node.source ?? '') === '';
}
