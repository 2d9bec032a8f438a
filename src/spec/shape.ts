/** Problems of structure: unknown or missing keys, and values of the wrong type or form. */
import type { z } from 'zod';
import { knownKeysAt } from './known-keys.ts';
import { fileSchema } from './schema.ts';
import { type Suggest, nearestOf } from './suggest.ts';
import { valueHint } from './value-hints.ts';
import {
  type Path,
  type RangedProblem,
  type Tree,
  joinPath,
  keyPositionAt,
  plainValue,
  problemAt,
  quote,
  valueAt,
} from './tree.ts';

export type ShapeResult =
  | { readonly kind: 'right'; readonly file: z.output<typeof fileSchema> }
  | { readonly kind: 'wrong'; readonly problems: readonly RangedProblem[]; readonly paths: readonly Path[] };

/** Checks the tree against the schema; `paths` are the wrong values. */
export function checkShape(tree: Tree, suggest: Suggest): ShapeResult {
  const result = fileSchema.safeParse(plainValue(tree));
  if (result.success) return { kind: 'right', file: result.data };
  const issues = withoutSizes(deepestIssues(result.error.issues));
  return {
    kind: 'wrong',
    problems: withoutMisspelt(issues, tree).flatMap((issue) => problemsOf(issue, tree, suggest)),
    paths: pathsOf(issues),
  };
}

/** Paths of the values that a schema rejects. */
export function pathsOf(issues: readonly z.core.$ZodIssue[]): Path[] {
  return issues.filter(({ code }) => code !== 'unrecognized_keys').map(({ path }) => path);
}

/** For "one or a list", returns issues of the list if the value is a list, else those of the single value. */
function deepestIssues(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return issue;
    const fitting = issue.errors.find((inner) =>
      inner.every((at) => at.path.length > 0 || at.code === 'custom'),
    );
    if (!fitting) return issue;
    return deepestIssues(fitting.map((at) => ({ ...at, path: [...issue.path, ...at.path] })));
  });
}

/** Zod also compares the length of a text with that of the list that is expected. */
function withoutSizes(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const keyOf = ({ path }: z.core.$ZodIssue): string => path.map(String).join('\0');
  const wrongType = new Set(issues.filter(({ code }) => code === 'invalid_type').map(keyOf));
  const isSize = ({ code }: z.core.$ZodIssue): boolean => code === 'too_big' || code === 'too_small';
  return issues.filter((issue) => !isSize(issue) || !wrongType.has(keyOf(issue)));
}

function problemsOf(issue: z.core.$ZodIssue, tree: Tree, suggest: Suggest): RangedProblem[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(tree, path, key, suggest));
  }
  const key = keyPositionAt(tree, path);
  if (issue.code === 'invalid_key' && key) return [problemAt(key, issue.issues[0]?.message ?? message)];
  const value = valueAt(tree, path);
  if (!value) return [missingKey(tree, path, message)];
  return [problemAt(value.position, message, hintFor(issue, value, suggest))];
}

function hintFor(issue: z.core.$ZodIssue, value: Tree, suggest: Suggest): string | undefined {
  if (issue.code === 'custom') return issue.params?.['hint'] as string | undefined;
  if (value.kind !== 'scalar') return undefined;
  const fromValue = valueHint(issue.message, value.value);
  if (fromValue !== undefined || typeof value.value !== 'string') return fromValue;
  const words =
    issue.code === 'invalid_value' ? issue.values.filter((known) => typeof known === 'string') : [];
  if (words.length > 0) return suggest(value.value, words, 'known words');
  // A quoted number is a text.
  const numeric = /^(0x[\da-f]+|\d+)$/i.test(value.value);
  const wanted =
    (issue.code === 'invalid_type' && issue.expected === 'number') ||
    /number|mark|version/.test(issue.message);
  return numeric && wanted ? 'take the quotes off' : undefined;
}

/** A misspelt key is not reported as missing, too. */
function withoutMisspelt(issues: readonly z.core.$ZodIssue[], tree: Tree): z.core.$ZodIssue[] {
  const keyOf = (path: Path) => path.map(String).join('\0');
  const meant = new Set(
    issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [];
      const known = knownKeysAt(issue.path);
      return issue.keys.map((key) => keyOf([...issue.path, meantKey(key, known) ?? '']));
    }),
  );
  return issues.filter(({ path }) => !meant.has(keyOf(path)) || valueAt(tree, path) !== undefined);
}

function unknownKey(tree: Tree, path: Path, key: string, suggest: Suggest): RangedProblem {
  const position = keyPositionAt(tree, [...path, key]) ?? positionOf(tree, path);
  const hint =
    key === '<<'
      ? 'merge keys are not supported: write the keys out'
      : keyHint(key, knownKeysAt(path), suggest);
  return problemAt(position, `unknown key ${quote(key)}`, hint);
}

function keyHint(key: string, known: readonly string[], suggest: Suggest): string {
  const file = fileKey(key, known);
  if (file === undefined) return suggest(key, known, 'known keys');
  return `write ${file}: the path of a file with it, since this file is no secret`;
}

/** `private_key`, where `private_key_file` is known */
function fileKey(key: string, known: readonly string[]): string | undefined {
  return known.find((one) => one === `${key}_file`);
}

function meantKey(key: string, known: readonly string[]): string | undefined {
  return fileKey(key, known) ?? nearestOf(key, known);
}

/** No end line: after a YAML error, the key may be elsewhere. */
function missingKey(tree: Tree, path: Path, what: string): RangedProblem {
  const parent = path.slice(0, -1);
  const position = keyPositionAt(tree, parent) ?? positionOf(tree, parent);
  const key = String(path.at(-1));
  return problemAt(
    { ...position, endLine: undefined, path: joinPath(position.path, key) },
    `missing key "${key}"`,
    `add "${key}: ..." with ${what}`,
  );
}

function positionOf(tree: Tree, path: Path) {
  return (valueAt(tree, path) ?? tree).position;
}
