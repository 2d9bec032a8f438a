/** "did you mean": the nearest of the known words. */
import { distance } from 'fastest-levenshtein';

export type Suggest = (word: string, known: readonly string[], what: string) => string;

/**
 * Comparisons for one file. A file with thousands of hosts and as many wrong names would take minutes:
 * one comparison takes about 0.2 us, so this is a fifth of a second at most.
 */
const comparisonsPerFile = 1_000_000;
const longestWord = 64;
const mostListed = 8;

/** Makes the hint for an unknown word: the known one that it is near to, else the known ones. */
export function createSuggest(): Suggest {
  let left = comparisonsPerFile;
  return (word, known, what) => {
    left -= known.length;
    const near = left >= 0 ? nearestOf(word, known) : undefined;
    return near === undefined ? listKnown(known, what) : `did you mean "${near}"?`;
  };
}

/** The known word that a slip of the fingers would make of `word`, or nothing. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  if (word.length > longestWord) return undefined;
  let limit = word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3;
  let nearest: string | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const away = stepsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (away > limit) continue;
    nearest = candidate;
    limit = away - 1;
  }
  return nearest;
}

/** Two letters swapped are one slip, and two steps for Levenshtein. */
function stepsBetween(a: string, b: string): number {
  const sorted = (word: string) => Array.from(word).sort().join('');
  const steps = distance(a, b);
  return steps === 2 && sorted(a) === sorted(b) ? 1 : steps;
}

function listKnown(known: readonly string[], what: string): string {
  if (known.length === 0) return `${what}: none`;
  const more = known.length > mostListed ? `, and ${known.length - mostListed} more` : '';
  return `${what}: ${known.slice(0, mostListed).join(', ')}${more}`;
}
