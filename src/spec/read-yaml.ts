/** Parses YAML to a tree with positions, and reports all YAML errors. */
import { Composer, type Document, type YAMLError, visit } from 'yaml';
import { type Locate, createLocate } from './lines.ts';
import { type RangedProblem, type Tree, problemAt } from './tree.ts';
import { expandIndentation } from './tabs.ts';
import { type TokenLimit, readTokens } from './tokens.ts';
import { buildTree } from './yaml-tree.ts';
import { harmlessErrors, wordsForYamlError } from './yaml-problem.ts';

export interface Reading {
  /** undefined when the text has no value */
  readonly tree: Tree | undefined;
  readonly problems: readonly RangedProblem[];
  /** from this line on, the tree is unreliable */
  readonly reliableBefore: number | undefined;
}

export function readYaml(text: string): Reading {
  const reading = readOnce(text, new Map());
  const tabs = reading.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  if (tabs.length === 0) return reading;
  const { text: untabbed, addedColumns } = expandIndentation(text);
  const again = readOnce(untabbed, addedColumns);
  if (again.reliableBefore !== undefined) return reading;
  return { ...again, problems: [...tabs.map((tab) => yamlProblem(tab, reading.locate)), ...again.problems] };
}

interface DetailedReading extends Reading {
  readonly errors: readonly YAMLError[];
  readonly locate: Locate;
}

function readOnce(text: string, addedColumns: ReadonlyMap<number, number>): DetailedReading {
  const locate = locateInOriginal(createLocate(text), addedColumns);
  const { tokens, stopped } = readTokens(text);
  if (stopped) {
    const problems = [limitProblem(stopped.limit, locate(stopped.offset))];
    return { tree: undefined, problems, reliableBefore: 1, errors: [], locate };
  }
  const documents = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // The parser's check compares each key with every other one; the tree finds duplicates with a map.
    uniqueKeys: false,
  }).compose(tokens, true, text.length);
  const [document, second] = documents;
  const errors = document ? [...document.errors, ...document.warnings] : [];
  if (document) moveErrorToOpenQuote(document);
  const built = document && buildTree(document, text, locate);
  const problems = firstErrorPerLine(errors, locate).map((error) => yamlProblem(error, locate));
  const unsure = errors.filter(({ code }) => !harmlessErrors.has(code)).map(({ pos }) => locate(pos[0]).line);
  if (second) {
    const problem = secondDocumentProblem(second, locate);
    problems.push(problem);
    unsure.push(problem.line);
  }
  const reliableBefore = unsure.length === 0 ? undefined : unsure.reduce((a, b) => Math.min(a, b));
  return {
    tree: built?.tree,
    problems: [...problems, ...(built?.problems ?? [])],
    reliableBefore,
    errors,
    locate,
  };
}

/**
 * An open quote includes the rest of the file: the parser reports it at the end, so the error is moved to the quote.
 */
function moveErrorToOpenQuote(document: Document.Parsed): void {
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

/** Converts positions to those in the user's text, before tabs were expanded. */
function locateInOriginal(locate: Locate, addedColumns: ReadonlyMap<number, number>): Locate {
  return (offset) => {
    const { line, column } = locate(offset);
    return { line, column: Math.max(column - (addedColumns.get(line) ?? 0), 1) };
  };
}

function yamlProblem(error: YAMLError, locate: Locate): RangedProblem {
  const { message, hint } = wordsForYamlError(error.code, error.message);
  return problemAt({ ...locate(error.pos[0]), path: '', endLine: undefined }, message, hint);
}

function secondDocumentProblem(document: Document.Parsed, locate: Locate): RangedProblem {
  const { message, hint } = wordsForYamlError('MULTIPLE_DOCS', '');
  return problemAt({ ...locate(document.range[0]), path: '', endLine: undefined }, message, hint);
}

function limitProblem(limit: TokenLimit, at: ReturnType<Locate>): RangedProblem {
  const position = { ...at, path: '', endLine: undefined };
  switch (limit) {
    case 'too-deep':
      return problemAt(position, 'nested deeper than any key of this file goes');
    case 'too-many-pieces':
      return problemAt(position, 'the file has more words than one for 20000 networks would');
  }
}

/** Keeps the first error of a line, since one mistake may cause several there and on all following lines. */
function firstErrorPerLine(errors: readonly YAMLError[], locate: Locate): YAMLError[] {
  const known = new Set<string | number>();
  return errors.filter(({ code, pos }) => {
    const key = code === 'UNEXPECTED_TOKEN' ? code : locate(pos[0]).line;
    return !known.has(key) && known.add(key);
  });
}
