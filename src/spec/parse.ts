/** The file's text to a `Spec`, or everything that is wrong with it. */
import type { z } from 'zod';
import type { Given } from './check-context.ts';
import { checkMeaning } from './check.ts';
import { type Problem, sortProblems } from './problem.ts';
import { type Reading, readYaml } from './read-yaml.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { type Draft, draftSchema, fileSchema } from './schema.ts';
import { checkShape, pathsOf } from './shape.ts';
import type { Gateway, Network, Spec } from './spec.ts';
import { blockedFamilies } from './blocked.ts';
import { type Suggest, createSuggest } from './suggest.ts';
import {
  type Path,
  type Place,
  type PlacedProblem,
  type Tree,
  keyPlaceAt,
  keysAt,
  plainValue,
  valueAt,
  withoutPaths,
} from './tree.ts';

export type ParsedSpec =
  | { readonly kind: 'spec'; readonly spec: Spec }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/**
 * Largest text that is read, in characters. 10,000 networks take 1.2 million. Measured just below this limit
 * and that of `tokens.ts`: 2.7 s for 17,000 networks; for the worst of fifty ways to be wrong 6 s (12 s on a
 * busy machine) and 1.5 GB.
 */
const longestText = 4 * 1024 * 1024;

export function parseSpec(text: string): ParsedSpec {
  if (text.length > longestText) return problemsOf([tooLong(text)]);
  return quickSpec(text) ?? carefulSpec(text);
}

/** The spec of a file that is right and plainly written: nothing has a place, because none is to be told. */
function quickSpec(text: string): ParsedSpec | undefined {
  const { success, data: file } = fileSchema.safeParse(readPlainYaml(text));
  if (!success) return undefined;
  const nowhere = (): Place => ({ line: 1, column: 1, path: '', endLine: undefined });
  const problems = checkMeaning({
    draft: file,
    hosts: Object.keys(file.hosts),
    gateways: Object.keys(file.gateways),
    valuePlace: nowhere,
    keyPlace: nowhere,
    suggest: () => '',
  });
  return problems.length === 0 ? { kind: 'spec', spec: specOf(file) } : undefined;
}

function carefulSpec(text: string): ParsedSpec {
  const reading = readYaml(text);
  const { tree } = reading;
  if (!tree) return problemsOf(reading.problems.length > 0 ? reading.problems : [nothingInIt(text)]);
  const suggest = createSuggest();
  const shape = checkShape(tree, suggest);
  const rest = shape.kind === 'wrong' ? draftOf(tree, shape.paths) : { draft: shape.file, tree };
  const meaning = rest ? checkMeaning(checkedOf(rest, tree, reading, suggest)) : [];
  const found = [...(shape.kind === 'wrong' ? shape.problems : []), ...meaning];
  const problems = [...reading.problems, ...certainOnes(found, reading)];
  return shape.kind === 'right' && problems.length === 0
    ? { kind: 'spec', spec: specOf(shape.file) }
    : problemsOf(problems);
}

function problemsOf(problems: readonly (Problem | PlacedProblem)[]): ParsedSpec {
  return {
    kind: 'problems',
    problems: sortProblems(problems).map(({ line, column, path, message, hint }) => {
      return { line, column, path, message, ...(hint === undefined ? {} : { hint }) };
    }),
  };
}

interface Rest {
  readonly draft: Draft;
  /** the part of the tree that the draft was made of */
  readonly tree: Tree;
}

/** Each round takes out what is wrong, and then what has become empty by it: no path is longer than this. */
const mostRounds = 8;

/** What is left of a file without the values that the schema refuses. */
function draftOf(whole: Tree, refused: readonly Path[]): Rest | undefined {
  if (whole.kind !== 'map') return undefined;
  let tree = withoutPaths(whole, refused.map(entryOf));
  for (let round = 0; round < mostRounds; round += 1) {
    const result = draftSchema.safeParse(plainValue(tree));
    if (result.success) return { draft: result.data, tree };
    tree = withoutPaths(tree, pathsOf(result.error.issues).map(entryOf));
  }
  return undefined;
}

/**
 * A host with one wrong address goes as a whole: the rest of it would seem to lack a family. So does a route or a
 * published port: the rest of it would mean something else.
 */
function entryOf(path: Path): Path {
  if (path[0] === 'hosts') return path.slice(0, 2);
  return path[2] === 'routes' || path[2] === 'publish' ? path.slice(0, 4) : path;
}

function checkedOf({ draft, tree }: Rest, whole: Tree, reading: Reading, suggest: Suggest): Given {
  const certain = reading.trustedBefore === undefined;
  return {
    draft,
    hosts: certain ? keysAt(whole, ['hosts']) : undefined,
    gateways: certain ? keysAt(whole, ['gateways']) : undefined,
    valuePlace: (path) => nearestPlace(tree, path),
    keyPlace: (path) => keyPlaceAt(tree, path) ?? nearestPlace(tree, path),
    suggest,
  };
}

/** The place of what the path leads to; of "one or a list of them", index 0 may be the one. */
function nearestPlace(tree: Tree, path: Path): Place {
  return (valueAt(tree, path) ?? valueAt(tree, path.slice(0, -1)) ?? tree).place;
}

/** Behind a YAML error much is lost or out of place: it would be blamed for what that error did. */
function certainOnes(found: readonly PlacedProblem[], { trustedBefore, problems }: Reading): PlacedProblem[] {
  const lines = new Set(problems.map(({ line }) => line));
  return found.filter(({ line, endLine }) => {
    if (lines.has(line)) return false;
    return trustedBefore === undefined || (endLine !== undefined && endLine < trustedBefore);
  });
}

type File = z.output<typeof fileSchema>;

/** Names such as `constructor` must not be found where nobody wrote them. */
function byName<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, record);
}

function specOf({ hosts, networks, gateways }: File): Spec {
  return {
    hosts: byName(hosts),
    networks: byName(mapValues(networks, networkOf)),
    gateways: byName(mapValues(gateways, gatewayOf)),
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function networkOf(network: File['networks'][string]): Network {
  const { engine, subnets, via, direct, dns, routes = [], bridge, accept_replies: acceptReplies } = network;
  return {
    engine,
    subnets: byName(subnets),
    via,
    direct,
    ...(routes.length > 0
      ? { routes: routes.map(({ to = [], ports = [], ...route }) => ({ ...route, to, ports })) }
      : {}),
    ...(dns === 'engine' ? {} : { dns }),
    blocked: blockedFamilies(network),
    ...(bridge === undefined ? {} : { bridge }),
    ...(acceptReplies ? { acceptReplies } : {}),
  };
}

function gatewayOf({ publish = [], ...gateway }: File['gateways'][string]): Gateway {
  const published = publish.map(({ to_port: toPort, ...port }) => ({ ...port, toPort: toPort ?? port.port }));
  return { ...gateway, ...(published.length > 0 ? { publish: published } : {}) };
}

function tooLong(text: string): Problem {
  const mebibytes = (length: number) => `${(length / 1024 / 1024).toFixed(1)} MiB`;
  const message = `the file has ${mebibytes(text.length)}, and ${mebibytes(longestText)} is the limit`;
  return { line: 1, column: 1, path: '', message, hint: 'is it the right file?' };
}

function nothingInIt(text: string): Problem {
  const message = text.trim() === '' ? 'the file is empty' : 'the file holds nothing but comments';
  return { line: 1, column: 1, path: '', message, hint: 'it needs version, hosts, networks and gateways' };
}
