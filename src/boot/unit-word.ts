/**
 * A word as systemd takes it for one, in ExecStart= and Environment= (systemd.syntax(7), systemd.unit(5)). `$` is
 * left as it is: ExecStart= has to begin with `:`, which turns variables off, because the path of the program
 * does not know `$$`.
 */
export function unitWord(word: string): string {
  const literal = word.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(literal) ? literal : `"${literal.replace(/["\\\n\t\r]/g, escaped)}"`;
}

function escaped(character: string): string {
  return escapes[character] ?? `\\${character}`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };
