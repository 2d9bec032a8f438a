/** "did you mean": finds the nearest known word. */
import { distance } from 'fastest-levenshtein';

export type Suggest = (word: string, known: readonly string[], what: string) => string;

/**
 * Limit of comparisons for one file, a fifth of a second at 0.2 us each. Without it, a file with thousands of hosts and
 * as many wrong names would take minutes.
 */
const comparisonsPerFile = 1_000_000;
const longestWord = 64;
const mostListed = 8;

/** Makes the hint for an unknown word: the nearest known word, else all known words. */
export function createSuggest(): Suggest {
  let left = comparisonsPerFile;
  return (word, known, what) => {
    left -= known.length;
    const near = left >= 0 ? nearestOf(word, known) : undefined;
    return near === undefined ? listKnown(known, what) : `did you mean "${near}"?`;
  };
}

/** Known word that a typing error could turn into `word`, or undefined. */
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

/** Two swapped letters count as one step; Levenshtein counts two. */
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
