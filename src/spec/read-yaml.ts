/** YAML text to a tree with places, and everything that is wrong with the YAML itself. */
import { Composer, type Document, type YAMLError, visit } from 'yaml';
import { type Locate, createLocate } from './lines.ts';
import { type PlacedProblem, type Tree, problemAt } from './tree.ts';
import { expandIndentation } from './tabs.ts';
import { type TokenLimit, readTokens } from './tokens.ts';
import { buildTree } from './yaml-tree.ts';
import { harmlessErrors, wordsForYamlError } from './yaml-problem.ts';

export interface Reading {
  /** nothing when the text holds no value at all */
  readonly tree: Tree | undefined;
  readonly problems: readonly PlacedProblem[];
  /** from this line on, the tree is a guess */
  readonly trustedBefore: number | undefined;
}

export function readYaml(text: string): Reading {
  const reading = readOnce(text, new Map());
  const tabs = reading.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  if (tabs.length === 0) return reading;
  const { text: untabbed, growth } = expandIndentation(text);
  const again = readOnce(untabbed, growth);
  if (again.trustedBefore !== undefined) return reading;
  return { ...again, problems: [...tabs.map((tab) => problemOf(tab, reading.locate)), ...again.problems] };
}

interface ReadingOnce extends Reading {
  readonly errors: readonly YAMLError[];
  readonly locate: Locate;
}

function readOnce(text: string, growth: ReadonlyMap<number, number>): ReadingOnce {
  const locate = shrinkingLocate(createLocate(text), growth);
  const { tokens, stopped } = readTokens(text);
  if (stopped) {
    const problems = [problemOfLimit(stopped.limit, locate(stopped.offset))];
    return { tree: undefined, problems, trustedBefore: 1, errors: [], locate };
  }
  const documents = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // It compares each key with each other one. The tree finds duplicates with a map.
    uniqueKeys: false,
  }).compose(tokens, true, text.length);
  const [document, second] = documents;
  const errors = document ? [...document.errors, ...document.warnings] : [];
  if (document) pointAtOpenQuotes(document);
  const built = document && buildTree(document, text, locate);
  const problems = firstOfMistake(errors, locate).map((error) => problemOf(error, locate));
  const unsure = errors.filter(({ code }) => !harmlessErrors.has(code)).map(({ pos }) => locate(pos[0]).line);
  if (second) {
    const problem = secondDocument(second, locate);
    problems.push(problem);
    unsure.push(problem.line);
  }
  const trustedBefore = unsure.length === 0 ? undefined : unsure.reduce((a, b) => Math.min(a, b));
  return {
    tree: built?.tree,
    problems: [...problems, ...(built?.problems ?? [])],
    trustedBefore,
    errors,
    locate,
  };
}

/** Quotes that stay open take in the rest of the file, at whose end the parser notices. */
function pointAtOpenQuotes(document: Document.Parsed): void {
  const open = document.errors.find(({ message }) => message.startsWith('Missing closing'));
  if (!open) return;
  visit(document, {
    Scalar: (_, { type, range }) => {
      const [start = 0, end = 0] = range ?? [];
      if (!type?.startsWith('QUOTE') || start > open.pos[0] || end < open.pos[0]) return undefined;
      open.pos = [start, start + 1];
      return visit.BREAK;
    },
  });
}

/** Places in the text of the user, of which some lines have grown. */
function shrinkingLocate(locate: Locate, growth: ReadonlyMap<number, number>): Locate {
  return (offset) => {
    const { line, column } = locate(offset);
    return { line, column: Math.max(column - (growth.get(line) ?? 0), 1) };
  };
}

function problemOf(error: YAMLError, locate: Locate): PlacedProblem {
  const { message, hint } = wordsForYamlError(error.code, error.message);
  return problemAt({ ...locate(error.pos[0]), path: '', endLine: undefined }, message, hint);
}

function secondDocument(document: Document.Parsed, locate: Locate): PlacedProblem {
  const { message, hint } = wordsForYamlError('MULTIPLE_DOCS', '');
  return problemAt({ ...locate(document.range[0]), path: '', endLine: undefined }, message, hint);
}

function problemOfLimit(limit: TokenLimit, at: ReturnType<Locate>): PlacedProblem {
  const place = { ...at, path: '', endLine: undefined };
  switch (limit) {
    case 'too-deep':
      return problemAt(place, 'nested deeper than any key of this file goes');
    case 'too-many-pieces':
      return problemAt(place, 'the file has more words than one for 20000 networks would');
  }
}

/** One mistake makes the parser stumble several times on a line, and sometimes on all that follow. */
function firstOfMistake(errors: readonly YAMLError[], locate: Locate): YAMLError[] {
  const known = new Set<string | number>();
  return errors.filter(({ code, pos }) => {
    const key = code === 'UNEXPECTED_TOKEN' ? code : locate(pos[0]).line;
    return !known.has(key) && known.add(key);
  });
}
