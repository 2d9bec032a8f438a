/**
 * Quotes a word for ExecStart= and Environment= of systemd (systemd.syntax(7), systemd.unit(5)). `$` is kept:
 * ExecStart= must begin with `:`, which disables variables, because the path of the program does not support `$$`.
 */
export function unitWord(word: string): string {
  const literal = word.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(literal) ? literal : `"${literal.replace(/["\\\n\t\r]/g, escaped)}"`;
}

function escaped(character: string): string {
  return escapes[character] ?? `\\${character}`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };
