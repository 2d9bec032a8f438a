import { quoteWord } from '../../host/process/shell-word.ts';

/** Formats a command as typed, for `-v`; scripts are cut after their first line. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => quoteWord(word.replace(/\n[^]*/, ' …'))).join(' ');
}
