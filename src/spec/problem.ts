/** Error in the file: position, message and hint. */

export interface Problem {
  /** both from 1; columns count UTF-16 units, as editors do */
  readonly line: number;
  readonly column: number;
  /** `networks.mustredirect.subnets.node1`; empty for the file as a whole */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Maximum width of the source line shown; a longer one would wrap and separate the caret from its column. */
const shownWidth = 100;
/** Minimum number of columns shown before the caret, when a line is cut. */
const shownBefore = 60;
const margin = '    ';

/** Text for a terminal: one block per problem, with the source line and a caret. */
export function formatProblems(problems: readonly Problem[], text: string, file: string): string {
  const lines = text.split('\n');
  return problems.map((problem) => formatProblem(problem, lines[problem.line - 1] ?? '', file)).join('\n');
}

/** Problems in the order of the file, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return sorted.filter((problem, i) => {
    const before = sorted[i - 1];
    return !before || keyOf(problem) !== keyOf(before);
  });
}

function keyOf({ line, column, path, message }: Problem): string {
  return `${line}:${column}:${path}:${message}`;
}

function formatProblem({ line, column, path, message, hint }: Problem, sourceLine: string, file: string) {
  const where = `${file}:${line}:${column}: `;
  const head = path === '' ? where + message : `${where}${path}: ${message}`;
  const shown = [head, ...markColumn(sourceLine, column)];
  return (hint === undefined ? shown : [...shown, `${margin}hint: ${hint}`]).join('\n');
}

/** Source line, cut around the column, and a line with a caret below; empty for a blank line. */
function markColumn(sourceLine: string, column: number): string[] {
  const line = hideSecrets(sourceLine.replace(/\r$/, ''));
  if (line.trim() === '') return [];
  const start = line.length > shownWidth ? Math.max(0, column - 1 - shownBefore) : 0;
  const end = start + shownWidth;
  const before = (start > 0 ? '…' : '') + printable(line.slice(start, column - 1));
  const after = printable(line.slice(column - 1, end)) + (end < line.length ? '…' : '');
  return [`${margin}${before}${after}`.trimEnd(), `${margin}${' '.repeat(displayWidth(before))}^`];
}

/** a key that sounds like a secret, and its value, unless that is the path of a file */
const secret =
  /((?:private_?key|preshared_?key|psk|pass|secret|token)\w*["']?\s*:\s*)(?!["']?\/)("[^"]*"?|'[^']*'?|[^\s,{}]+)/gi;
/** a key of WireGuard, which may be a private one in the wrong place */
const wireguardKey = /[A-Za-z0-9+/]{43}=/g;

/** Messages end in logs, and the file is no secret: what was written into it by mistake is not repeated. */
function hideSecrets(line: string): string {
  const stars = (text: string): string => '*'.repeat(text.length);
  return line
    .replace(wireguardKey, stars)
    .replace(secret, (_, name: string, value: string) => name + stars(value));
}

/**
 * Replaces a tab by one space, which keeps the caret in place, and control characters, which could affect the terminal.
 */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}

/** Columns on a terminal: East Asian letters and emoji take two, combining marks none. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[\p{M}\p{Cf}]/u.test(character)) continue;
    const wide =
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}
