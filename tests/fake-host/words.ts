/** Reads the words of a command from left to right, and refuses unexpected ones. */
import { unknownToFake } from './state.ts';

export interface Words {
  /** returns the next word without taking it */
  peek(): string | undefined;
  next(): string;
  /** Takes the next words if they match; returns whether they did. */
  take(...expected: readonly string[]): boolean;
  /** Takes these words; refuses others. */
  expect(...expected: readonly string[]): void;
  end(): void;
}

export function readWords(text: string): Words {
  // A list in parentheses, elements in braces, and a quoted text count as one word.
  const words = text.match(/\([^)]*\)|\{[^}]*\}|"[^"]*"|\S+/g) ?? [];
  let at = 0;
  const refuse = (): never => unknownToFake(`${text} (at ${words[at] ?? 'its end'})`);
  const take = (...expected: readonly string[]): boolean => {
    if (!expected.every((word, i) => words[at + i] === word)) return false;
    at += expected.length;
    return true;
  };
  return {
    peek: () => words[at],
    next() {
      const word = words[at];
      if (word === undefined) return refuse();
      at += 1;
      return word;
    },
    take,
    expect: (...expected) => void (take(...expected) || refuse()),
    end: () => void (at === words.length || refuse()),
  };
}

export function readNumber(words: Words): number {
  const word = words.next();
  return /^(0x[0-9a-f]+|\d+)$/.test(word) ? Number(word) : unknownToFake(`number ${word}`);
}
