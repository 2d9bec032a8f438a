/** YAML text cut into the parser's tokens, and stopped early where it is no file of ours. */
import { type CST, Lexer, Parser } from 'yaml';

/**
 * Levels of nesting. The file needs six; what composes the tokens calls itself for each level, and runs
 * out of stack at about 800. Some of the ways it does so end the whole process.
 */
const deepest = 64;
/**
 * Pieces (words, blanks, punctuation, escapes) of a text. 10,000 networks are 440,000 of them. A million commas
 * take 6 s and 1.1 GB, each being an error of its own.
 */
const mostPieces = 1_000_000;
/** Tokens that are errors by themselves, such as a `]` too many: nobody reads more of them. */
const mostErrors = 1000;

export type TokenLimit = 'too-deep' | 'too-many-pieces';

export interface Tokens {
  readonly tokens: readonly CST.Token[];
  /** set when reading stopped there, and at which offset */
  readonly stopped?: { readonly limit: TokenLimit; readonly offset: number };
}

export function readTokens(text: string): Tokens {
  // `Parser.parse` is the rest of this function without the limits.
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let pieces = 0;
  let errors = 0;
  for (const piece of new Lexer().lex(text)) {
    for (const token of parser.next(piece)) {
      tokens.push(token);
      if (token.type === 'error') errors += 1;
    }
    pieces += piece.startsWith('"') ? piece.split('\\').length : 1;
    const limit =
      parser.stack.length > deepest ? 'too-deep' : pieces > mostPieces ? 'too-many-pieces' : undefined;
    if (limit) return { tokens, stopped: { limit, offset: parser.offset } };
    if (errors > mostErrors) return { tokens };
  }
  tokens.push(...parser.end());
  return { tokens };
}
