import { quoteWord } from '../../host/process/shell-word.ts';

/** A command as it would be typed, for `-v`. Of a script within it the first line tells enough. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => quoteWord(word.replace(/\n[^]*/, ' …'))).join(' ');
}
