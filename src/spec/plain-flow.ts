/** Reads YAML values on one line: words, numbers, quoted texts, and lists and maps of them. */

/** Thrown when the text uses other YAML than this reader supports; the text may be valid or not. */
export class Unreadable extends Error {}

interface Cursor {
  readonly text: string;
  at: number;
  /** number of open lists and maps */
  depth: number;
}

/** Deeper than any valid value; each level uses stack. */
const deepest = 8;

/** A word ends at a blank; YAML words that continue after one are not supported, and are detected there. */
const word = /[A-Za-z0-9][\w./:=+-]*/y;
const quoted = /'([^']*)'|"([^"\\]*)"/y;
const name = /([A-Za-z0-9_][\w.-]{0,63}): +/y;
const blanks = / */y;
const end = / *(?: #.*)?$/y;

export function readFlow(text: string): unknown {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  const value = readValue(cursor);
  take(cursor, end);
  return value;
}

function readValue(cursor: Cursor): unknown {
  switch (cursor.text[cursor.at]) {
    case '[':
      return readPieces(cursor, ']', readValue);
    case '{':
      return mapOf(readPieces(cursor, '}', readPair));
    case "'":
    case '"': {
      const [, single, double] = take(cursor, quoted);
      return single ?? double ?? '';
    }
    case undefined:
    default:
      return valueOfWord(take(cursor, word)[0]);
  }
}

function readPieces<T>(cursor: Cursor, close: string, readPiece: (cursor: Cursor) => T): T[] {
  const pieces: T[] = [];
  cursor.depth += 1;
  if (cursor.depth > deepest) throw new Unreadable();
  for (;;) {
    cursor.at += 1;
    take(cursor, blanks);
    if (pieces.length === 0 && cursor.text[cursor.at] === close) break;
    pieces.push(readPiece(cursor));
    take(cursor, blanks);
    if (cursor.text[cursor.at] === close) break;
    if (cursor.text[cursor.at] !== ',') throw new Unreadable();
  }
  cursor.at += 1;
  cursor.depth -= 1;
  return pieces;
}

function readPair(cursor: Cursor): [string, unknown] {
  const [, key = ''] = take(cursor, name);
  return [key, readValue(cursor)];
}

function mapOf(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const names = new Set(pairs.map(([key]) => key));
  if (names.size !== pairs.length || names.has('__proto__')) throw new Unreadable();
  return Object.fromEntries(pairs);
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (!found) throw new Unreadable();
  cursor.at += found[0].length;
  return found;
}

/** Decodes a word like the core schema of YAML 1.2; unusual numbers are not supported. */
function valueOfWord(text: string): string | number | boolean {
  if (text.endsWith(':')) throw new Unreadable();
  if (/^\d/.test(text)) return numberOrAddress(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^(?:null|true|false)$/i.test(text)) throw new Unreadable();
  return text;
}

function numberOrAddress(text: string): string | number {
  if (/[/:]|\..*\./.test(text)) return text;
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (/^0x[\dA-Fa-f]{1,8}$/.test(text)) return Number(text);
  throw new Unreadable();
}
