/** Splits YAML text into the parser's tokens, and stops early when it exceeds the limits of our files. */
import { type CST, Lexer, Parser } from 'yaml';

/**
 * Maximum nesting. Our file needs six levels; the composer of the tokens is recursive, and overflows the stack at about
 * 800, which may end the process.
 */
const deepest = 64;
/**
 * Maximum number of pieces (words, blanks, punctuation, escapes). 10,000 networks have 440,000. A million commas, each
 * an error, take 6 s and 1.1 GB.
 */
const mostPieces = 1_000_000;
/** Maximum number of tokens that are errors themselves, such as an extra `]`: nobody reads more. */
const mostErrors = 1000;

export type TokenLimit = 'too-deep' | 'too-many-pieces';

export interface Tokens {
  readonly tokens: readonly CST.Token[];
  /** limit that stopped the reader, and its offset */
  readonly stopped?: { readonly limit: TokenLimit; readonly offset: number };
}

export function readTokens(text: string): Tokens {
  // The rest of this function is `Parser.parse` without the limits.
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
