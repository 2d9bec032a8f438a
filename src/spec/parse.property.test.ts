import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const example = readFileSync(new URL('../../examples/mustredirect.yaml', import.meta.url), 'utf8');
const withoutComments = example.replace(/ *#.*$/gm, '').replace(/^\n+/, '');

interface Mutation {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const scraps = [
  '\t', '\n', ' ', '  ', ':', ': ', '- ', '? ', '{', '}', '[', ']', ',', '"', "'", '#', '&a ', '*a', '!t ', '|', '>', '@', '%',
  '---\n', '...\n', '<<: *a\n', '\0', '\r', '\uFEFF', '\uD800', '🙂', '\\', '~', '0x', '10.89.4.0/24', '::1', 'node1', 'gw1',
  'office', '__proto__: 1\n', 'constructor', '-1', '1e999', '.nan', 'via: x\n', '\n    ',
]; // prettier-ignore

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
  insert: fc.oneof(fc.constantFrom(...scraps), fc.string({ unit: 'binary', maxLength: 5 }), fc.constant('')),
});

function mutate(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((before, { at, remove, insert }) => {
    const from = at % (before.length + 1);
    return before.slice(0, from) + insert + before.slice(from + remove);
  }, text);
}

/** Moves, duplicates and deletes lines, as editing may do. */
function shuffleLines(text: string, picks: readonly number[]): string {
  const lines = text.split('\n');
  for (const pick of picks) {
    const [line = ''] = lines.splice(pick % lines.length, 1);
    if (pick % 3 > 0) lines.splice((pick * 7) % (lines.length + 1), 0, ...Array<string>(pick % 3).fill(line));
  }
  return lines.join('\n');
}

/** Problems with the result for a text; empty when it is valid. */
function complaintsAbout(text: string): string[] {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return 'gateways' in parsed.spec ? [] : ['a spec without gateways'];
  if (parsed.problems.length === 0) return ['neither spec nor problems'];
  const output = formatProblems(parsed.problems, text, 'f.yaml');
  const lines = text.split('\n');
  return [
    ...parsed.problems.flatMap(({ line, column, message }) => {
      const source = lines[line - 1];
      const inside = source !== undefined && column >= 1 && column <= source.length + 1;
      const readable = message !== '' && !/[\n\0]|undefined|\[object/.test(message);
      return inside && readable ? [] : [`${line}:${column} ${message}`];
    }),
    ...(/^f\.yaml:\d+:\d+: /.test(output) ? [] : [output]),
  ];
}

describe('parseSpec', () => {
  it('returns a spec or problems inside the file for any change of the example', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
        expect(complaintsAbout(mutate(withoutComments, mutations))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  }, 60_000);

  it('returns a spec or problems for moved, duplicated and deleted lines', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), (picks) => {
        expect(complaintsAbout(shuffleLines(withoutComments, picks))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  it('accepts any spaces, comments and line ends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(' # comment', '  ', '\r', '\n# line', '\n'), { maxLength: 30 }),
        (ends) => {
          const lines = withoutComments.split('\n');
          const text = lines.map((line, i) => line + (ends[i] ?? '')).join('\n');
          expect(parseSpec(text)).toEqual(parseSpec(example));
          expect(parseSpec(text).kind).toBe('spec');
        },
      ),
    );
  });
});
