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
    const near = left >= 0 && word.length <= longestWord ? nearestOf(word, known) : undefined;
    return near === undefined ? listKnown(known, what) : `did you mean "${near}"?`;
  };
}

function nearestOf(word: string, known: readonly string[]): string | undefined {
  let limit = word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3;
  let nearest: string | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    if (away > limit) continue;
    nearest = candidate;
    limit = away - 1;
  }
  return nearest;
}

function listKnown(known: readonly string[], what: string): string {
  if (known.length === 0) return `there are no ${what}`;
  const more = known.length > mostListed ? `, and ${known.length - mostListed} more` : '';
  return `${what}: ${known.slice(0, mostListed).join(', ')}${more}`;
}
