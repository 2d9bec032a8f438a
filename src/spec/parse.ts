/** Parses the text of the file to a `Spec`, or to all problems in it. */
import type { ParsedInput } from './check-context.ts';
import { checkSemantics } from './check.ts';
import { type Problem, sortProblems } from './problem.ts';
import { type Reading, readYaml } from './read-yaml.ts';
import type { BlockMemory } from './plain-blocks.ts';
import { plainFile } from './plain-file.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { type Draft, draftSchema } from './schema.ts';
import { checkShape, pathsOf } from './shape.ts';
import { specOf } from './spec-of-file.ts';
import type { Spec } from './spec.ts';
import { type Suggest, createSuggest } from './suggest.ts';
import {
  type Path,
  type SourcePosition,
  type RangedProblem,
  type Tree,
  keyPositionAt,
  keysAt,
  plainValue,
  valueAt,
  withoutPaths,
} from './tree.ts';

export type ParsedSpec =
  | { readonly kind: 'spec'; readonly spec: Spec }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/**
 * Limit for the text, in characters. 10,000 networks take 1.2 million. Measured just below this limit and that of
 * `tokens.ts`: 2.7 s for 17,000 networks; 6 s (12 s on a busy machine) and 1.5 GB for the worst of fifty kinds of
 * errors.
 */
const maxTextLength = 4 * 1024 * 1024;

/** @param memory blocks of the file that was read last: what is equal gives the same objects, and costs next to nothing */
export function parseSpec(text: string, memory?: BlockMemory): ParsedSpec {
  if (text.length > maxTextLength) return problemsOf([tooLong(text)]);
  return parseFast(text, memory) ?? parseWithPositions(text);
}

/** Fast path for a valid file in plain YAML: values get no positions, because there are no problems to report. */
function parseFast(text: string, memory: BlockMemory | undefined): ParsedSpec | undefined {
  const file = plainFile(readPlainYaml(text, memory));
  if (!file) return undefined;
  const noPosition = (): SourcePosition => ({ line: 1, column: 1, path: '', endLine: undefined });
  const problems = checkSemantics({
    draft: file,
    hosts: Object.keys(file.hosts),
    gateways: Object.keys(file.gateways),
    valuePosition: noPosition,
    keyPosition: noPosition,
    suggest: () => '',
  });
  return problems.length === 0 ? { kind: 'spec', spec: specOf(file) } : undefined;
}

function parseWithPositions(text: string): ParsedSpec {
  const reading = readYaml(text);
  const { tree } = reading;
  if (!tree) return problemsOf(reading.problems.length > 0 ? reading.problems : [emptyFile(text)]);
  const suggest = createSuggest();
  const shape = checkShape(tree, suggest);
  const readable = shape.kind === 'wrong' ? draftOf(tree, shape.paths) : { draft: shape.file, tree };
  const semantic = readable ? checkSemantics(checkInputOf(readable, tree, reading, suggest)) : [];
  const wrong = shape.kind === 'wrong' ? shape.problems : [];
  const found = [...wrong, ...withoutFollowing(semantic, wrong)];
  const problems = [...reading.problems, ...certainProblems(found, reading)];
  return shape.kind === 'right' && problems.length === 0
    ? { kind: 'spec', spec: specOf(shape.file) }
    : problemsOf(problems);
}

/** A key with a wrong value, or a misspelt one, is not missing as well. */
function withoutFollowing(
  semantic: readonly RangedProblem[],
  wrong: readonly RangedProblem[],
): readonly RangedProblem[] {
  return semantic.filter(
    ({ mayFollow, path }) => !mayFollow || !wrong.some((one) => one.path.startsWith(`${path}.`)),
  );
}

function problemsOf(problems: readonly (Problem | RangedProblem)[]): ParsedSpec {
  return {
    kind: 'problems',
    problems: sortProblems(problems).map(({ line, column, path, message, hint }) => {
      return { line, column, path, message, ...(hint === undefined ? {} : { hint }) };
    }),
  };
}

interface DraftTree {
  readonly draft: Draft;
  /** part of the tree that the draft is made of */
  readonly tree: Tree;
}

/** Each round removes wrong values and maps that become empty; no path is longer than this. */
const maxRounds = 8;

/** Rest of a file without the values that the schema rejects. */
function draftOf(whole: Tree, refused: readonly Path[]): DraftTree | undefined {
  if (whole.kind !== 'map') return undefined;
  let tree = withoutPaths(whole, refused.map(entryOf));
  for (let round = 0; round < maxRounds; round += 1) {
    const result = draftSchema.safeParse(plainValue(tree));
    if (result.success) return { draft: result.data, tree };
    tree = withoutPaths(tree, pathsOf(result.error.issues).map(entryOf));
  }
  return undefined;
}

/**
 * A host with one wrong address is removed as a whole, since the rest could seem to lack a family. So is a route or a
 * published port, since the rest would have another meaning.
 */
function entryOf(path: Path): Path {
  if (path[0] === 'hosts') return path.slice(0, 2);
  return path[2] === 'routes' || path[2] === 'publish' ? path.slice(0, 4) : path;
}

function checkInputOf(
  { draft, tree }: DraftTree,
  whole: Tree,
  reading: Reading,
  suggest: Suggest,
): ParsedInput {
  const certain = reading.reliableBefore === undefined;
  return {
    draft,
    hosts: certain ? keysAt(whole, ['hosts']) : undefined,
    gateways: certain ? keysAt(whole, ['gateways']) : undefined,
    valuePosition: (path) => nearestPosition(tree, path),
    keyPosition: (path) => keyPositionAt(tree, path) ?? nearestPosition(tree, path),
    suggest,
  };
}

/** Position of the value at a path; for "one or a list", index 0 may be the single value. */
function nearestPosition(tree: Tree, path: Path): SourcePosition {
  return (valueAt(tree, path) ?? valueAt(tree, path.slice(0, -1)) ?? tree).position;
}

/** Problems after a YAML error are dropped if that error may have caused them. */
function certainProblems(
  found: readonly RangedProblem[],
  { reliableBefore, problems }: Reading,
): RangedProblem[] {
  const lines = new Set(problems.map(({ line }) => line));
  return found.filter(({ line, endLine }) => {
    if (lines.has(line)) return false;
    return reliableBefore === undefined || (endLine !== undefined && endLine < reliableBefore);
  });
}

function tooLong(text: string): Problem {
  const mebibytes = (length: number) => `${(length / 1024 / 1024).toFixed(1)} MiB`;
  const message = `the file has ${mebibytes(text.length)}, and ${mebibytes(maxTextLength)} is the limit`;
  return { line: 1, column: 1, path: '', message, hint: 'is it the right file?' };
}

function emptyFile(text: string): Problem {
  const message = text.trim() === '' ? 'the file is empty' : 'the file holds nothing but comments';
  return { line: 1, column: 1, path: '', message, hint: 'it needs version, hosts, networks and gateways' };
}
