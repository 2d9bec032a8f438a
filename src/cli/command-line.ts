/** A command as it would be typed, for `-v`. Of a script within it the first line tells enough. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => quote(word.replace(/\n[^]*/, ' …'))).join(' ');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
