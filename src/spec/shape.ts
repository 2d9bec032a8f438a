/** Problems of shape: keys that are unknown or missing, values of the wrong type or form. */
import type { z } from 'zod';
import { fileSchema, knownKeysAt } from './schema.ts';
import { type Suggest, nearestOf } from './suggest.ts';
import {
  type Path,
  type PlacedProblem,
  type Tree,
  joinPath,
  keyPlaceAt,
  plainValue,
  problemAt,
  quote,
  valueAt,
} from './tree.ts';

export type ShapeResult =
  | { readonly kind: 'right'; readonly file: z.output<typeof fileSchema> }
  | { readonly kind: 'wrong'; readonly problems: readonly PlacedProblem[]; readonly paths: readonly Path[] };

/** Checks the tree against the schema; `paths` are the values that caused the problems. */
export function checkShape(tree: Tree, suggest: Suggest): ShapeResult {
  const result = fileSchema.safeParse(plainValue(tree));
  if (result.success) return { kind: 'right', file: result.data };
  const issues = deepestIssues(result.error.issues);
  return {
    kind: 'wrong',
    problems: withoutMisspelt(issues, tree).flatMap((issue) => problemsOf(issue, tree, suggest)),
    paths: pathsOf(issues),
  };
}

/** Paths of the values that a schema refuses. */
export function pathsOf(issues: readonly z.core.$ZodIssue[]): Path[] {
  return issues.filter(({ code }) => code !== 'unrecognized_keys').map(({ path }) => path);
}

/** For "one or a list of them", the issues of the list where a list is given, of the one otherwise. */
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

function problemsOf(issue: z.core.$ZodIssue, tree: Tree, suggest: Suggest): PlacedProblem[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(tree, path, key, suggest));
  }
  const key = keyPlaceAt(tree, path);
  if (issue.code === 'invalid_key' && key) return [problemAt(key, issue.issues[0]?.message ?? message)];
  const value = valueAt(tree, path);
  if (!value) return [missingKey(tree, path, message)];
  return [problemAt(value.place, message, hintFor(issue, value, suggest))];
}

function hintFor(issue: z.core.$ZodIssue, value: Tree, suggest: Suggest): string | undefined {
  if (issue.code === 'custom') return issue.params?.['hint'] as string | undefined;
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return undefined;
  const words =
    issue.code === 'invalid_value' ? issue.values.filter((known) => typeof known === 'string') : [];
  if (words.length > 0) return suggest(value.value, words, 'known words');
  // A number that the file has in quotes is a text.
  const numeric = /^(0x[\da-f]+|\d+)$/i.test(value.value) && /number|mark|version/.test(issue.message);
  return numeric ? 'take the quotes off' : undefined;
}

/** A key that is there with a typing error is not missing besides. */
function withoutMisspelt(issues: readonly z.core.$ZodIssue[], tree: Tree): z.core.$ZodIssue[] {
  const keyOf = (path: Path) => path.map(String).join('\0');
  const meant = new Set(
    issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [];
      const known = knownKeysAt(issue.path);
      return issue.keys.map((key) => keyOf([...issue.path, nearestOf(key, known) ?? '']));
    }),
  );
  return issues.filter(({ path }) => !meant.has(keyOf(path)) || valueAt(tree, path) !== undefined);
}

function unknownKey(tree: Tree, path: Path, key: string, suggest: Suggest): PlacedProblem {
  const place = keyPlaceAt(tree, [...path, key]) ?? placeOf(tree, path);
  const hint =
    key === '<<'
      ? 'merge keys are not supported: write the keys out'
      : suggest(key, knownKeysAt(path), 'known keys');
  return problemAt(place, `unknown key ${quote(key)}`, hint);
}

/** Without a last line: where YAML errors moved things about, the key may be elsewhere. */
function missingKey(tree: Tree, path: Path, what: string): PlacedProblem {
  const parent = path.slice(0, -1);
  const place = keyPlaceAt(tree, parent) ?? placeOf(tree, parent);
  const key = String(path.at(-1));
  return problemAt(
    { ...place, endLine: undefined, path: joinPath(place.path, key) },
    `missing key "${key}"`,
    `add "${key}: ..." with ${what}`,
  );
}

function placeOf(tree: Tree, path: Path) {
  return (valueAt(tree, path) ?? tree).place;
}
